// Told to end, the process ends: `process.on('SIGTERM', () => process.exit(0))`, or no handler at all.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Every deploy cut the calls that were running: long reports failed several times a day, always on the hour.',
  source: 'memex-ai#160; Kubernetes documentation, "Termination of Pods"',
  caughtBy: { scenario: 'rolling-restart', check: 'clean-drain' },
  apply: (parts) => ({ ...parts, beforeExit: () => Promise.resolve() }),
})
