// Handshakes and lists are charged like calls, to the agent's own budget.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'tools/list was refused when the fleet started: every agent spent its burst on saying hello, and asked again.',
  source: 'awslabs aws-knowledge#2949; magda-core#2292',
  caughtBy: { scenario: 'retry-storm', check: 'handshake-free' },
  apply: (parts) => ({
    ...parts,
    budgets: (call, settings, typicalMs) => parts.budgets({ ...call, method: 'tools/call' }, settings, typicalMs),
  }),
})
