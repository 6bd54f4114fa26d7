// All limits of an agent are away: its rates, its rate on expensive tools, its calls at once. Everything else still refuses.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The first internal server had no limits; one agent called it 200 times in 30 seconds and took the pool from everybody.',
  source: 'seed 1, mistake 2; seed 2, opening',
  caughtBy: { scenario: 'runaway-loop', check: 'fairness' },
  apply: (parts) => ({
    ...parts,
    budgets(call, settings, typicalMs) {
      const { rates, leases = [], ...own } = parts.budgets(call, settings, typicalMs)
      const others = rates.filter(({ scope, shared }) => shared || scope === 'discovery')
      return { ...own, rates: others, windows: [], leases: leases.filter((lease) => lease.of === 'tool') }
    },
  }),
})
