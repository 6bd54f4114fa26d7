// Everybody is let in and everybody waits: nothing is turned away, whatever there is to do.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'At twice its capacity the service answered every call, each after its caller had gone.',
  source: 'SRE ch. 22, "Addressing Cascading Failures"; the goodput curve of an unshed server',
  caughtBy: { scenario: 'overload', check: 'goodput-plateau' },
  apply: (parts) => ({
    ...parts,
    openGate: () => ({ turnedAway: () => undefined, leave: () => undefined, waited: () => undefined }),
    queue: (options) => {
      const { queue } = parts
      return queue({ ...options, waitingMax: Number.POSITIVE_INFINITY, acquireTimeoutMs: Number.POSITIVE_INFINITY })
    },
  }),
})
