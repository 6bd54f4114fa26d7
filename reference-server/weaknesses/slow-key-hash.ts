// The key of every call is hashed as a password would be, synchronously and anew each time: with as many rounds as take 15 ms on the
// machine at hand, as one sets them for passwords. A fixed number would be no weakness on a quick one.
import { pbkdf2Sync } from 'node:crypto'
import { knowing, weakness } from './weakness.ts'

const HASH_MS = 15
const TRIED_ROUNDS = 10_000
const TRIES = 3

export default weakness({
  story: 'Keys were kept like passwords, and checked like them: at seventy calls a second the event loop did nothing else.',
  source: 'Node.js documentation, "Don’t Block the Event Loop": no synchronous crypto; API keys are random and need no slow hash',
  caughtBy: { scenario: 'pool-exhaustion', check: 'loop-healthy' },
  apply: (parts) => {
    const rounds = roundsHere()
    return knowing(parts, async (call, known) => {
      hash(String(call.headers.authorization), rounds)
      return await known(call)
    })
  },
})

/** By the quickest of some tries: others may have had the core. */
function roundsHere(): number {
  const took = Array.from({ length: TRIES }, () => {
    const begun = performance.now()
    hash('a key', TRIED_ROUNDS)
    return performance.now() - begun
  })
  return Math.ceil((TRIED_ROUNDS * HASH_MS) / Math.min(...took))
}

function hash(key: string, rounds: number): void {
  pbkdf2Sync(key, 'salt', rounds, 32, 'sha512')
}
