// The heap in use after the last full collection of garbage: what only ever grows is a leak. Small collections leave the old garbage
// where it is, so after those it says nothing. V8 collects in full when it likes, which at little load is seldom; a test rig
// that wants to see growth within seconds asks for one every HEAP_COLLECT_EVERY_MS (0: never), at the price of a pause each.
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** @returns the last known, bytes; before the first collection what is in use now */
export function heapAfterCollection(everyMs: number): () => number {
  let bytes: number | undefined
  const isFull = ({ detail }: PerformanceEntry & { detail?: { kind?: number } }): boolean =>
    detail?.kind === constants.NODE_PERFORMANCE_GC_MAJOR
  // It is told a moment after the collection: what was allocated in between counts too.
  new PerformanceObserver((seen) => {
    if (seen.getEntries().some(isFull)) bytes = process.memoryUsage().heapUsed
  }).observe({ entryTypes: ['gc'] })
  if (everyMs > 0) {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    setInterval(collect, everyMs).unref()
  }
  return () => bytes ?? process.memoryUsage().heapUsed
}
