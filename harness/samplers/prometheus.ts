// What the server says of itself in its Prometheus metrics: pool, queue, breaker. One persistent connection, four readings
// a second; a reading takes at most 1 s and 4 MB. Series that the text does not hold (yet) are simply not in the reading.
// Of several instances each is read at its own address; one that does not answer is left out, and is a gap only when none does.
// `metricsMs`: how long the reading was waited for. What it does not model: a query language.
import { Agent, request } from 'undici'
import type { Environment } from '../environment/service.ts'
import type { ObservedMetrics } from '../target.ts'
import { parseSelector, parseSeries, select } from './prometheus-text.ts'
import { sampler } from './sampler.ts'

const TIMEOUT_MS = 1_000
const SERIES = [
  ...(['poolUsed', 'poolWaiting', 'poolWaitingMax', 'poolWaitSecondsMax', 'breakerOpen', 'inFlight'] as const),
  ...(['leases', 'limiterLocal', 'sessions', 'heapBytes', 'loopDelaySecondsP99', 'loopBusyShare'] as const),
]

const client = new Agent({ connections: 1, pipelining: 1, maxResponseSize: 4_000_000 })

export const prometheus = sampler({
  summary: "Pool, queue and breaker as the server's own metrics show them.",
  source: 'Prometheus exposition format 0.0.4',
  periodMs: 250,
  applies: ({ metricsSeen }, { metrics }) =>
    metrics !== undefined && (metricsSeen !== undefined || SERIES.some((name) => metrics[name] !== undefined)),
  async sample(environment, { metrics }, signal) {
    if (!metrics) return []
    const several = Object.entries(environment.metricsUrls ?? {})
    const valuesAt = async (instance: string, url: string) => {
      const startedMs = performance.now()
      const text = await read(instance, url, environment, signal)
      return { ...valuesOf(text, metrics), metricsMs: performance.now() - startedMs }
    }
    if (several.length === 0) return [{ values: await valuesAt('server', metrics.url) }]
    const reading = several.map(async ([instance, url]) => ({ instance, values: await valuesAt(instance, url) }))
    const answered = (await Promise.allSettled(reading)).filter((one) => one.status === 'fulfilled')
    if (answered.length === 0) throw new Error('no instance answered')
    return answered.map(({ value }) => value)
  },
})

/** Nobody else reads them: figures "since the last scrape" would be those of a moment. */
async function read(instance: string, url: string, { metricsSeen, metricsText }: Environment, signal: AbortSignal): Promise<string> {
  const atMs = Date.now()
  const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  try {
    const { statusCode, body } = await request(url, { dispatcher: client, signal: limited })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`)
    metricsSeen?.(instance, text, atMs)
    metricsText?.(text)
    return text
  } catch (error) {
    // The end of the run is no silence of the server's.
    if (limited.reason?.name !== 'AbortError') metricsSeen?.(instance, undefined, atMs)
    throw error
  }
}

/** `poolWaiting{pool="cheap"}` → 3, for every series that the target names. */
function valuesOf(text: string, metrics: ObservedMetrics): Record<string, number> {
  const series = parseSeries(text)
  const values: Record<string, number> = {}
  for (const name of SERIES) {
    const selector = metrics[name]
    if (selector === undefined) continue
    for (const [labels, value] of Object.entries(select(series, parseSelector(selector)))) values[`${name}${labels}`] = value
  }
  return values
}
