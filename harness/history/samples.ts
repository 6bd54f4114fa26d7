// Questions to the readings of the samplers. Pure.
import type { History } from './history.ts'

export interface Point {
  atMs: number
  value: number
  /** `poolWaiting{pool="cheap"}`, with the instance when there are several. */
  series: string
}

/** Kubernetes counts every code from 200 to 399 as success; 0 is no answer. */
export function probeHolds(status: number): boolean {
  return status >= 200 && status < 400
}

/** All samples of a series by name, whatever its labels and instance. Without lists of its own a line: a long run has hundreds of thousands. */
export function points(history: History, name: string, sampler?: string): Point[] {
  const found: Point[] = []
  for (const { sampler: by, atMs, instance, values } of history.samples) {
    if (sampler !== undefined && by !== sampler) continue
    for (const series in values) {
      if (!series.startsWith(name) || (series.length > name.length && series[name.length] !== '{')) continue
      found.push({ atMs, value: values[series] as number, series: instance === undefined ? series : `${series} of ${instance}` })
    }
  }
  return found
}

/**
 * CPU that the server's instances used in a stretch, ms, from the samples of their processes; each tells the share since the one before.
 * Undefined when the stretch has none.
 */
export function cpuMsIn(history: History, { fromMs, toMs }: { fromMs: number; toMs: number }): number | undefined {
  const instances = Map.groupBy(
    history.samples.filter(
      ({ sampler, instance, values }) => sampler === 'process' && /^\d+$/.test(instance ?? '') && values.cpuShare !== undefined,
    ),
    ({ instance }) => instance,
  )
  let cpuMs: number | undefined
  for (const samples of instances.values()) {
    samples.forEach(({ atMs, values: { cpuShare = 0 } }, position) => {
      const sinceMs = samples[position - 1]?.atMs
      if (sinceMs === undefined) return
      const insideMs = Math.min(toMs, atMs) - Math.max(fromMs, sinceMs)
      if (insideMs > 0) cpuMs = (cpuMs ?? 0) + cpuShare * insideMs
    })
  }
  return cpuMs
}
