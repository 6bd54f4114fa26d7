// The limiter counts by address: behind one gateway all tenants are one.
import type { Budgets } from '../store/limiter.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Everybody came from the same address and shared its bucket; one tenant’s batch job left the others an 842 s wait.',
  source: 'ibmi-mcp-server#111',
  caughtBy: { scenario: 'noisy-tenant', check: 'fairness' },
  apply: (parts) => ({
    ...parts,
    budgets(call, settings, typicalMs): Budgets {
      const { AGENT_RATE_PER_MINUTE: perMinute, AGENT_BURST: burst } = settings
      const own = parts.budgets(call, settings, typicalMs)
      const rates = own.rates.map((rate) =>
        rate.scope === 'agent' ? { scope: 'address' as const, key: 'desk:address', perMinute, burst } : rate,
      )
      return { ...own, rates }
    },
  }),
})
