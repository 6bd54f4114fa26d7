// Everybody is let in and everybody waits: the line before a pool has no end, and nobody measures how long one stands in it, so that the
// door, which sheds by those waits, stays open too.
import { weakness } from './weakness.ts'

export default weakness({
  story: 'At twice its capacity the service answered every call, each after its caller had gone.',
  source: 'SRE ch. 22, "Addressing Cascading Failures"; the goodput curve of an unshed server',
  caughtBy: { scenario: 'overload', check: 'goodput-plateau' },
  apply: (parts) => ({
    ...parts,
    // The deadline is all that ends a wait.
    queue: (options) =>
      parts.queue({
        ...options,
        waitingMax: Number.POSITIVE_INFINITY,
        acquireTimeoutMs: Number.POSITIVE_INFINITY,
        waited: () => undefined,
      }),
  }),
})
