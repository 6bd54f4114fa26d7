// Sampled series by name: `poolWaiting{pool="cheap"}` of every instance, cut into the moments of the page. A moment holds
// the largest value sampled in it, since a queue that was full between two quiet samples is what one looks for.
// The labels of a series are the server's own words: they are cut and made plain before they are shown.
import type { History } from '../history/history.ts'
import { points } from '../history/samples.ts'
import { stepMs } from './moments.ts'
import { short } from './plain.ts'

export interface Series {
  /** `cheap`, `cheap · server-2`; empty when there is nothing to tell apart. */
  label: string
  samples: { atMs: number; value: number }[]
}

const mostSeries = 8

/** Every series of a name, in the order in which they first appear. At most 8: more lines cannot be told apart. */
export function seriesOf(history: History, name: string): Series[] {
  const found = new Map<string, Series & { values: string[]; instance: string }>()
  for (const { series, atMs, value } of points(history, name)) {
    const known = found.get(series)
    if (known) known.samples.push({ atMs, value })
    else found.set(series, { label: '', ...partsOf(series), samples: [{ atMs, value }] })
  }
  const all = [...found.values()].slice(0, mostSeries)
  const instances = new Set(all.map(({ instance }) => instance)).size
  // A label that is the same for all tells nothing apart.
  const telling = (value: string, at: number) => all.length === 1 || all.some(({ values }) => values[at] !== value)
  return all.map(({ values, instance, samples }) => {
    const label = [...values.filter(telling), ...(instances > 1 ? [instance] : [])].filter(Boolean).join(' · ')
    return { label, samples }
  })
}

/** `poolUsed{pool="cheap"} of server-1` → its label values and its instance. */
function partsOf(series: string): { values: string[]; instance: string } {
  const values = [...series.matchAll(/="([^"]*)"/g)].map((match) => short(match[1], 16))
  const [, instance = ''] = series.split(' of ')
  return { values, instance: short(instance, 12) }
}

/** The largest value of each moment; moments without a sample are left out. */
export function largest(history: History, { samples }: Series, most: number): { fromMs: number; value: number }[] {
  const step = stepMs(history, most)
  const tops = new Map<number, number>()
  for (const { atMs, value } of samples) {
    if (atMs < 0 || atMs > history.plan.endsAtMs || !Number.isFinite(value)) continue
    const from = Math.floor(atMs / step) * step
    tops.set(from, Math.max(value, tops.get(from) ?? Number.NEGATIVE_INFINITY))
  }
  return [...tops].sort(([a], [b]) => a - b).map(([fromMs, value]) => ({ fromMs, value }))
}
