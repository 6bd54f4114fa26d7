// Questions to the readings of the samplers. Pure.
import type { History } from './history.ts'
import { onceEach } from './once.ts'

export interface Reading {
  atMs: number
  value: number
}

export interface Point extends Reading {
  /** `poolWaiting{pool="cheap"}`, with the instance when there are several. */
  series: string
  sampler: string
}

/** Kubernetes counts every code from 200 to 399 as success; 0 is no answer. */
export function probeHolds(status: number): boolean {
  return status >= 200 && status < 400
}

/** By name: nearly every check asks, and the samples of a history never change. */
const known = new WeakMap<History['samples'], ReadonlyMap<string, readonly Point[]>>()

/** All samples of a series by name, whatever its labels and instance. */
export function points({ samples }: History, name: string, sampler?: string): readonly Point[] {
  const byName = known.get(samples) ?? namedIn(samples)
  known.set(samples, byName)
  const found = byName.get(name) ?? []
  return sampler === undefined ? found : found.filter((point) => point.sampler === sampler)
}

function namedIn(samples: History['samples']): Map<string, Point[]> {
  const byName = new Map<string, Point[]>()
  for (const { sampler, atMs, instance, values } of samples)
    for (const series in values) {
      const labels = series.indexOf('{')
      const name = labels < 0 ? series : series.slice(0, labels)
      const own = byName.get(name) ?? []
      if (own.length === 0) byName.set(name, own)
      const whole = instance === undefined ? series : `${series} of ${instance}`
      own.push({ atMs, value: values[series] as number, series: whole, sampler })
    }
  return byName
}

/**
 * By instance of the server: what all its series of that name tell at a moment, added up: the parts of a heap, the workers of an instance.
 * The first readings come first.
 */
export const together = onceEach(({ samples }: History, name: string): Reading[][] => {
  const instances = new Map<string, Reading[]>()
  for (const { sampler, atMs, instance, values } of samples) {
    // Of the harness's own processes as well.
    if (sampler === 'process' && !/^\d+$/.test(instance ?? '')) continue
    const own = Object.keys(values).filter((series) => series === name || series.startsWith(`${name}{`))
    if (own.length === 0) continue
    const value = own.reduce((sum, series) => sum + (values[series] as number), 0)
    const readings = instances.get(`${instance}`) ?? []
    if (readings.length === 0) instances.set(`${instance}`, readings)
    readings.push({ atMs, value })
  }
  return [...instances.values()]
})

/** Of the server's instances, from the samples of their processes: each the share of a core since the one before. */
export function cpuShares(history: History): Point[] {
  return points(history, 'cpuShare', 'process').filter(({ series }) => / of \d+$/.test(series))
}

/** By instance: some ask second by second. */
const knownShares = new WeakMap<History['samples'], ReadonlyMap<string, readonly Point[]>>()

/** CPU that the server's instances used in a stretch, ms. Undefined when the stretch has none. */
export function cpuMsIn(history: History, { fromMs, toMs }: { fromMs: number; toMs: number }): number | undefined {
  const instances = knownShares.get(history.samples) ?? Map.groupBy(cpuShares(history), ({ series }) => series)
  knownShares.set(history.samples, instances)
  let cpuMs: number | undefined
  for (const shares of instances.values()) {
    shares.forEach(({ atMs, value }, position) => {
      const sinceMs = shares[position - 1]?.atMs
      if (sinceMs === undefined) return
      const insideMs = Math.min(toMs, atMs) - Math.max(fromMs, sinceMs)
      if (insideMs > 0) cpuMs = (cpuMs ?? 0) + value * insideMs
    })
  }
  return cpuMs
}
