// The run's metrics, cumulative since its start: calls by role, outcome and class; how long they
// took; calls under way; faults in force. Pure.
import type { FaultLine } from '../history/raw-line.ts'
import { type Attribute, attributes, nano, type OtlpMetric } from './encoding.ts'
import type { Ended } from './spans.ts'

/** ms; OpenTelemetry's advice for HTTP, from 5 ms on, and beyond it what agents still wait for. */
const BOUNDS = [5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000, 30_000, 60_000]

interface Histogram {
  counts: number[]
  sum: number
}

export class Meter {
  readonly #startedMs: number
  readonly #calls = new Map<string, { own: Attribute[]; count: number }>()
  readonly #durations = new Map<string, Histogram>()
  readonly #faults = new Map<string, 0 | 1>()

  constructor(startedMs: number) {
    this.#startedMs = startedMs
  }

  call({ send, durationMs, outcome, class: is }: Ended): void {
    const key = `${send.role}/${outcome}/${is}`
    const known = this.#calls.get(key) ?? { own: attributes({ role: send.role, outcome, class: is }), count: 0 }
    known.count++
    this.#calls.set(key, known)
    const histogram = this.#durations.get(send.role) ?? { counts: new Array<number>(BOUNDS.length + 1).fill(0), sum: 0 }
    const bucket = BOUNDS.findIndex((bound) => durationMs <= bound)
    const at = bucket < 0 ? BOUNDS.length : bucket
    histogram.counts[at] = (histogram.counts[at] ?? 0) + 1
    histogram.sum += durationMs
    this.#durations.set(send.role, histogram)
  }

  fault({ fault, event }: FaultLine): void {
    if (event === 'injected') this.#faults.set(fault, 1)
    if (event === 'healing') this.#faults.set(fault, 0)
  }

  read(atMs: number, underWay: number): OtlpMetric[] {
    const time = { startTimeUnixNano: nano(this.#startedMs), timeUnixNano: nano(atMs) }
    const calls = [...this.#calls.values()].map(({ own, count }) => ({ attributes: own, asInt: String(count), ...time }))
    const durations = [...this.#durations].map(([role, { counts, sum }]) => ({
      ...{ attributes: attributes({ role }), sum, explicitBounds: BOUNDS, bucketCounts: counts.map(String), ...time },
      count: String(counts.reduce((all, one) => all + one, 0)),
    }))
    const faults = [...this.#faults].map(([fault, value]) => ({ attributes: attributes({ fault }), asInt: String(value), ...time }))
    return [
      { name: 'stampede.calls', unit: '{call}', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: calls } },
      { name: 'stampede.call.duration', unit: 'ms', histogram: { aggregationTemporality: 2, dataPoints: durations } },
      { name: 'stampede.calls.under_way', unit: '{call}', gauge: { dataPoints: [{ attributes: [], asInt: String(underWay), ...time }] } },
      { name: 'stampede.fault.active', unit: '1', gauge: { dataPoints: faults } },
    ]
  }
}
