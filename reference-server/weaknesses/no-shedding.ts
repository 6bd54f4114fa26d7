// Everybody is let in and everybody waits: neither the door nor the line before a pool turns anybody away, whatever there is to do. Both,
// since either alone still holds the load to what can be served in time.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'At twice its capacity the service answered every call, each after its caller had gone.',
  source: 'SRE ch. 22, "Addressing Cascading Failures"; the goodput curve of an unshed server',
  caughtBy: { scenario: 'overload', check: 'goodput-plateau' },
  apply: (parts) => ({
    ...parts,
    openGate: () => ({ turnedAway: () => undefined, leave: () => undefined, waited: () => undefined }),
    // The deadline is all that ends a wait.
    queue: (options) => parts.queue({ ...options, waitingMax: Number.POSITIVE_INFINITY, acquireTimeoutMs: Number.POSITIVE_INFINITY }),
  }),
})
