// What the bodies of all requests hold together, until their calls are answered: never more than IN_FLIGHT_BYTES_MAX, counted piece by
// piece. Counted only when a body begins, as many callers as there are connections could each send one but for its last byte.
// At the bound the body that has been coming for longest, a second or more, is cut, so that bodies which never end keep nobody out;
// while all are quick, the one that wants more is refused.
// Source: CVE-2007-6750 and its kin (slow-loris), by bodies; SRE book ch. 22, resource exhaustion.
// Does not model: bytes a second of one body (its request's timer ends it: sockets.ts), what Node and the system hold of it.
import { CallError } from './errors.ts'

export interface Bodies {
  /** Of all of them. */
  readonly bytes: number
  /** @param cut ends its connection */
  begin(cut: () => void): Body
}

export interface Body {
  /** So many bytes more have come. @throws CallError OVERLOADED */
  more(bytes: number): void
  /** All of it is there: it is not cut any more. */
  whole(): void
  /** Its call is answered. */
  end(): void
}

interface Held {
  bytes: number
  sinceMs: number
  cut: () => void
}

const SLOW_MS = 1_000
const AGAIN_MS = 1_000

export function boundBodies(maxBytes: number, clock: () => number): Bodies {
  // Oldest first.
  const coming = new Set<Held>()
  let all = 0
  const giveBack = (held: Held): void => {
    coming.delete(held)
    all -= held.bytes
    held.bytes = 0
  }
  const makeRoom = (): void => {
    while (all > maxBytes) {
      const [slowest] = coming
      if (!slowest || clock() - slowest.sinceMs < SLOW_MS)
        throw new CallError('OVERLOADED', 'The server holds more requests than it can; ask again in 1 s.', { retryAfterMs: AGAIN_MS })
      giveBack(slowest)
      slowest.cut()
    }
  }
  return {
    get bytes() {
      return all
    },
    begin(cut) {
      const held: Held = { bytes: 0, sinceMs: clock(), cut }
      coming.add(held)
      return {
        more(bytes) {
          held.bytes += bytes
          all += bytes
          makeRoom()
        },
        whole: () => void coming.delete(held),
        end: () => giveBack(held),
      }
    },
  }
}
