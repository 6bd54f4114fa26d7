// Each instance counts for itself: with three of them an agent has three times its budget, more with every one that is added.
import { LocalLimiter } from '../store/local-limiter.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story: 'The limiter lived in memory. It was right until the service was scaled out, and then the limit depended on luck.',
  source: 'seed 2, "Rate Limiting That Actually Works"',
  caughtBy: { scenario: 'rolling-restart', check: 'limiter-true' },
  apply(parts) {
    return {
      ...parts,
      limiterIn() {
        const memory = new LocalLimiter(parts.clock)
        return {
          admit: async (budgets) => memory.admit(budgets),
          release: (budgets) => memory.release(budgets),
          committed: () => undefined,
          held: async () => 0,
        }
      },
    }
  },
})
