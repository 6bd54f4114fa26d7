// How few calls inside at once would do: the least limit under which at least so large a share of the calls still gets in. Each call comes
// when it came, waits for one of the pool's connections, first come first served, holds it, and leaves; whoever finds the limit reached
// is refused and does not come again.
//
// What calls found beside them while there was no limit tells too much: near its knee a server's queue grows long for a while, and
// a limit is what keeps it short.
//
// Source: A. K. Erlang's loss formula, of which this is the case with a pool and with the arrivals that were measured.
// Not modelled: retries, calls that take more than one connection, a hold time that grows with the calls inside.

export interface Passed {
  /** When calls came in, ms, in order. */
  cameMs: readonly number[]
  /** How long calls held a connection, ms, in any order: taken in turn. */
  heldMs: readonly number[]
  /** What a call is inside beside waiting and holding, ms. */
  besideMs: number
}

/** @returns calls at once; `cameMs.length` at most */
export function leastRoom(passed: Passed, poolMax: number, share: number): number {
  const most = (1 - share) * passed.cameMs.length
  let room = 1
  while (room < passed.cameMs.length && refusedWith(room, passed, poolMax) > most) room++
  return room
}

function refusedWith(room: number, { cameMs, heldMs, besideMs }: Passed, poolMax: number): number {
  const freeAtMs = Array<number>(poolMax).fill(Number.NEGATIVE_INFINITY)
  let inside: number[] = []
  let served = 0
  for (const atMs of cameMs) {
    inside = inside.filter((leavesMs) => leavesMs > atMs)
    if (inside.length >= room) continue
    const first = freeAtMs.indexOf(Math.min(...freeAtMs))
    const leavesMs = Math.max(atMs + besideMs, freeAtMs[first] ?? 0) + (heldMs[served % heldMs.length] ?? 0)
    freeAtMs[first] = leavesMs
    inside.push(leavesMs)
    served++
  }
  return cameMs.length - served
}
