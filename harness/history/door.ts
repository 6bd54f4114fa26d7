// Lines at the door: connections that nobody had accepted yet (samplers/accept-queue.ts). Who stands there is in no log of the server, and
// waits all the same. Pure.
//
// A line is the server's own where it is longer there than at what the run has put before it, and the server had its cores: the host took
// next to nothing, and no thread of any instance waited for a core for more than three tenths of the time (where that cannot be seen: for
// half of the time nobody on the machine did). Else nobody can tell: whoever has no core accepts nothing, however well made. Not modelled:
// which connection a call took, since one that is kept alive waits at no door.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { once } from './once.ts'
import { type Point, points } from './samples.ts'
import { ascending, countBelow, positionOf } from './sorted.ts'
import type { Stretch } from './stretch.ts'

/** Whoever did not look for so long had no core either. ours */
const APART_MS = 1_000
/** Of all cores: as much goes to the host while nobody misses anything (docs/variability.md). ours */
const TAKEN_MOST = 0.1
/** Of the time. ours */
const WAITED_MOST = 0.3
const ANY_WAITED_MOST = 0.5

/** Who waited at one moment: before each instance of the server, and before what stands before them. */
type Doors = Readonly<Record<string, number>>

const readingsOf = once(({ samples }: History): readonly { atMs: number; doors: Doors }[] => {
  const told = samples.filter(({ sampler }) => sampler === 'accept-queue')
  return [...Map.groupBy(told, ({ atMs }) => atMs)].map(([atMs, lines]) => {
    return { atMs, doors: Object.fromEntries(lines.map(({ instance = '', values }) => [instance, values.acceptQueue ?? 0])) }
  })
})

const all = (doors: Doors) => Object.values(doors).reduce((sum, waiting) => sum + waiting, 0)
const ours = ({ proxy = 0, balancer = 0 }: Doors) => proxy + balancer

/** The longest time without a break in which a line was there. */
function lineIn(history: History, { fromMs, toMs }: Stretch, isThere: (doors: Doors, atMs: number) => boolean): Stretch {
  const readings = readingsOf(history)
  const first = positionOf(readings, ({ atMs }) => atMs, fromMs)
  let longest = { fromMs, toMs: fromMs }
  let line: Stretch | undefined
  for (const { atMs, doors } of readings.slice(
    first,
    positionOf(readings, ({ atMs }) => atMs, toMs),
  )) {
    const sinceMs = line && atMs - line.toMs <= APART_MS ? line.fromMs : atMs
    line = isThere(doors, atMs) ? { fromMs: sinceMs, toMs: atMs } : undefined
    if (line && lengthOf(line) > lengthOf(longest)) longest = line
  }
  return longest
}

function lengthOf({ fromMs, toMs }: Stretch): number {
  return toMs - fromMs
}

function lifeOf({ plan }: History, { sentAtMs: fromMs, endedAtMs: toMs = plan.endsAtMs }: Call): Stretch {
  return { fromMs, toMs }
}

/** How long, without a break, a line of the server's own was there while the call was under way, ms. */
export function ownLineMs(history: History, call: Call): number {
  const instance = call.server?.instance
  const own = (doors: Doors) => (instance === undefined ? all(doors) - ours(doors) : (doors[instance] ?? 0))
  const line = lineIn(history, lifeOf(history, call), (doors) => own(doors) > ours(doors))
  return hadItsCores(history, line) ? lengthOf(line) : 0
}

/**
 * Of a call that took too long by what its caller saw alone: it may have stood in a line for all its time but `limitMs`, and nobody can tell
 * whose that was. Who was given up there may be in the log all the same, once the line had moved on.
 */
export function inLineOf(history: History): (call: Call, limitMs: number) => boolean {
  const { observed, callsInServerLog } = history.manifest
  // Where a run is judged in parts its log is not read (fleet/judge-in-parts.ts).
  const isRead = observed.requestId === undefined || callsInServerLog !== undefined
  const unheard = history.calls.filter(({ class: is, server }) => is === 'lost' || server === undefined)
  const sent = ascending(unheard, ({ sentAtMs }) => sentAtMs)
  const ended = ascending(unheard, ({ endedAtMs = Number.POSITIVE_INFINITY }) => endedAtMs)
  // A line of a few explains no hundred calls; some may be on their way to it.
  const explains = (doors: Doors, atMs: number) => all(doors) > 0 && 2 * all(doors) >= countBelow(sent, atMs) - countBelow(ended, atMs)
  return (call, limitMs) => {
    if (!isRead || (call.server?.durationMs ?? 0) > limitMs) return false
    const life = lifeOf(history, call)
    const enoughMs = lengthOf(life) - limitMs
    return lengthOf(lineIn(history, life, explains)) >= enoughMs && ownLineMs(history, call) < enoughMs
  }
}

/** For a core, by instance. */
const waitsOf = once((history: History): readonly Point[][] => [
  ...Map.groupBy(points(history, 'coreWaitShare', 'process'), ({ series }) => series).values(),
])

function hadItsCores(history: History, line: Stretch): boolean {
  // No number where nobody looked, which is not at most anything.
  const mean = (told: readonly Point[]) => {
    const during = told.filter(({ atMs }) => atMs > line.fromMs && atMs <= line.toMs)
    return during.reduce((sum, { value }) => sum + value, 0) / during.length
  }
  const waits = waitsOf(history)
  const waited =
    waits.length > 0 ? Math.max(...waits.map(mean)) <= WAITED_MOST : mean(points(history, 'waitingShare', 'machine')) <= ANY_WAITED_MOST
  return waited && mean(points(history, 'stolenShare', 'machine')) <= TAKEN_MOST
}
