// Which pools were full, and so how large each is: those that stood at their most while callers waited for them. Read from the server's
// own metrics, `poolUsed` and `poolWaiting`, a series of each to a pool, told together by their labels.
//
// Parameter: the calls near which it must have been so; without them, at any time. Least readings 3, a reading speaks for a second about
// it; both ours. Not modelled: a pool that was never asked for more than it had, of which nobody can tell the size.
import type { Call } from './event.ts'
import type { History } from './history.ts'
import { points } from './samples.ts'
import { anyNear } from './sorted.ts'

const NEAR_MS = 1_000
const LEAST_READINGS = 3

export interface FullPool {
  /** `poolUsed{pool="cheap"}` */
  series: string
  /** Connections in use while callers waited for more: its size. */
  most: number
}

/** Pools that stood at their most while callers waited for them, near most of these calls. Where nobody shows who waits, none is named. */
export function fullPools(history: History, calls?: readonly Call[]): FullPool[] {
  const queues = Map.groupBy(points(history, 'poolWaiting'), ({ series }) => series)
  return [...Map.groupBy(points(history, 'poolUsed'), ({ series }) => series)].flatMap(([series, used]) => {
    const most = used.reduce((high, { value }) => Math.max(high, value), 0)
    const own = [...queues].find(([queue]) => labels(queue).every((label) => labels(series).includes(label)))?.[1] ?? []
    const waited = new Set(own.filter(({ value }) => value > 0).map(({ atMs }) => atMs))
    const full = used.flatMap(({ value, atMs }) => (value === most && waited.has(atMs) ? [atMs] : []))
    const beside = calls === undefined || calls.filter(({ sentAtMs }) => anyNear(full, sentAtMs, NEAR_MS)).length * 2 > calls.length
    return full.length >= LEAST_READINGS && beside ? [{ series, most }] : []
  })
}

/** `pool="cheap"`, and the instance behind the braces. */
function labels(series: string): string[] {
  return [...(series.match(/\w+="[^"]*"/g) ?? []), series.replace(/^[^{ ]*(\{.*\})?/, '')]
}
