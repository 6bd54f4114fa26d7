// Every agent has its budget, no tool has one: the dearest costs a call like the cheapest. Rates and calls at once of tools are away, those
// of agents and tenants hold.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'An agent stayed within its 60 calls a minute, every one of them a report over the whole ledger; the database had room for ten.',
  source: 'seed 1, "Two layers, not one": per agent and per tool; seed 2, "Rate Limiting That Actually Works", run_query 10/min',
  caughtBy: { scenario: 'runaway-loop', check: 'limiter-true' },
  apply: (parts) => ({
    ...parts,
    budgets(call, settings, typicalMs) {
      const { rates, leases = [], ...others } = parts.budgets(call, settings, typicalMs)
      return { ...others, rates: rates.filter(({ scope }) => scope !== 'tool'), leases: leases.filter((lease) => lease.of !== 'tool') }
    },
  }),
})
