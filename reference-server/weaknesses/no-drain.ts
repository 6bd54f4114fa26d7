// Told to stop, the process closes what it has and ends.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'Every deploy cut the calls that were running: long reports failed several times a day, always on the hour.',
  source: 'memex-ai#160; Kubernetes documentation, "Termination of Pods"',
  caughtBy: { scenario: 'rolling-restart', check: 'clean-drain' },
  apply: (parts) => ({ ...parts, settings: { ...parts.settings, DRAIN_DELAY_MS: 0, DRAIN_GRACE_MS: 0 } }),
})
