// The key of every call is hashed as a password would be, synchronously and anew each time.
import { pbkdf2Sync } from 'node:crypto'
import { knowing, weakness } from './weakness.ts'

/** About 6 ms of a core a call. */
const ROUNDS = 15_000

export default weakness({
  story: 'Keys were kept like passwords, and checked like them: at twenty calls a second the event loop did nothing else.',
  source: 'Node.js documentation, "Don’t Block the Event Loop": no synchronous crypto; API keys are random and need no slow hash',
  caughtBy: { scenario: 'pool-exhaustion', check: 'loop-healthy' },
  apply: (parts) =>
    knowing(parts, async (call, known) => {
      pbkdf2Sync(String(call.headers.authorization), 'salt', ROUNDS, 32, 'sha512')
      return await known(call)
    }),
})
