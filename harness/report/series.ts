// Sampled series by name: `poolWaiting{pool="cheap"}` of every instance, cut into the moments of the page. A moment holds
// the largest value sampled in it, since a queue that was full between two quiet samples is what one looks for.
// The labels of a series are the server's own words: they are cut and made plain before they are shown.
import type { History } from '../history/history.ts'
import { stepMs } from './moments.ts'
import { short } from './plain.ts'

export interface Series {
  name: string
  /** `cheap`, `cheap · server-2`; empty when there is only one. */
  label: string
  samples: { atMs: number; value: number }[]
}

/** Every series of a name, in the order in which they first appear. At most 8: more lines cannot be told apart. */
export function seriesOf(history: History, name: string): Series[] {
  const found = new Map<string, Series>()
  for (const sample of history.samples) {
    for (const [key, value] of Object.entries(sample.values)) {
      if (key !== name && !key.startsWith(`${name}{`)) continue
      const label = labelOf(key, sample.instance)
      const id = `${key}\n${sample.instance ?? ''}`
      const series = found.get(id) ?? { name, label, samples: [] }
      if (!found.has(id)) found.set(id, series)
      series.samples.push({ atMs: sample.atMs, value })
    }
  }
  return [...found.values()].slice(0, 8)
}

/** The values of the label set, then the instance where it says more. */
function labelOf(key: string, instance: string | undefined): string {
  const values = [...key.matchAll(/="([^"]*)"/g)].map((match) => short(match[1], 16))
  return [...values, ...(instance === undefined ? [] : [short(instance, 12)])].join(' · ')
}

/** The largest value of each moment; moments without a sample are left out. */
export function largest(history: History, series: Series, most: number): { fromMs: number; value: number }[] {
  const step = stepMs(history, most)
  const tops = new Map<number, number>()
  for (const { atMs, value } of series.samples) {
    if (atMs < 0 || atMs > history.plan.endsAtMs || !Number.isFinite(value)) continue
    const from = Math.floor(atMs / step) * step
    tops.set(from, Math.max(value, tops.get(from) ?? Number.NEGATIVE_INFINITY))
  }
  return [...tops].sort(([a], [b]) => a - b).map(([fromMs, value]) => ({ fromMs, value }))
}
