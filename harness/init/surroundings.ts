// What stands beside the endpoint, at the same origin: probes, and metrics whose names look like a
// pool, a queue or a breaker. Asked without any token, and no redirect is followed. A server that
// answers 200 to everything has no probe: an address that nobody has is asked first.
// Parameters: none; each answer is waited for 3 s and read up to 4 MB. Not modelled: metrics on
// another port; that a name means what it says, which is why they are offered as lines to uncomment.
import { Agent, request } from 'undici'
import { parseSeries, type Series } from '../samplers/prometheus-text.ts'
import type { ObservedMetrics } from '../target.ts'

const ANSWER_MS = 3_000
const ANSWER_BYTES_MAX = 4_000_000
const LIVE = ['/livez', '/healthz', '/health']
const READY = ['/readyz', '/ready', '/health/ready']
const NOWHERE = '/stampede-asks-for-what-nobody-has'

export interface Surroundings {
  live?: string
  ready?: string
  metrics?: { url: string; gauges: Partial<Record<Gauge, string>> }
}

type Gauge = Exclude<keyof ObservedMetrics, 'url'>

/** Tried in order on the name and its labels; the first series that fits is offered. */
const LOOKS_LIKE: readonly [Gauge, RegExp, RegExp?][] = [
  [
    'poolUsed',
    /(pool|conn(ection)?s?)_?.*(used|in_?use|active|busy|acquired|checked_?out|borrowed)|db_client_connections?_usage/i,
    /wait|pend|max|total|sum/i,
  ],
  ['poolUsed', /(pool|connections?).*\{.*="(used|in_?use|active|busy|acquired)"/i, /wait|pend|max/i],
  ['poolWaiting', /(pool|connections?).*(wait|pend|queue)/i, /seconds|_ms|time|max|total|bucket|sum|count$/i],
  ['breakerOpen', /(breaker|circuit).*(open|state)/i, /total|duration|seconds|ms$/i],
  ['inFlight', /(calls?|requests?)_?.*(in_?flight|in_?progress|active)|in_?flight/i, /total|max/i],
  ['loopDelaySecondsP99', /event_?loop_(lag|delay)_p99_seconds/i],
  ['loopBusyShare', /event_?loop_utili[sz]ation/i],
]

export async function surroundingsOf(url: string, signal: AbortSignal): Promise<Surroundings> {
  const { origin } = new URL(url)
  const dispatcher = new Agent({ maxResponseSize: ANSWER_BYTES_MAX })
  const get = async (path: string) => {
    try {
      const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
      const { statusCode, body } = await request(`${origin}${path}`, { signal: limited, dispatcher })
      return { ok: statusCode >= 200 && statusCode < 300, text: await body.text() }
    } catch {
      signal.throwIfAborted()
      return { ok: false, text: '' }
    }
  }
  const first = async (paths: readonly string[]) => {
    for (const path of paths) if ((await get(path)).ok) return `${origin}${path}`
    return undefined
  }
  try {
    if ((await get(NOWHERE)).ok) return {}
    const [live, ready] = [await first(LIVE), await first(READY)]
    const { ok, text } = await get('/metrics')
    const series = ok ? parseSeries(text) : []
    return {
      ...(live !== undefined && { live }),
      ...(ready !== undefined && { ready }),
      ...(series.length > 0 && { metrics: { url: `${origin}/metrics`, gauges: gaugesAmong(series) } }),
    }
  } finally {
    await dispatcher.destroy()
  }
}

/** Selectors of series that look like what a check can use. */
function gaugesAmong(series: readonly Series[]): Partial<Record<Gauge, string>> {
  const gauges: Partial<Record<Gauge, string>> = {}
  for (const [gauge, fits, unless] of LOOKS_LIKE) {
    if (gauges[gauge] !== undefined) continue
    const found = series.find(({ name, labelText }) => {
      const whole = `${name}${labelText}`
      return fits.test(whole) && !/_bucket$|_created$/.test(name) && !unless?.test(name)
    })
    if (found) gauges[gauge] = selectorOf(gauge, found)
  }
  return gauges
}

/** Only the label that says which state it is: pools of other names count too. */
function selectorOf(gauge: Gauge, { name, labels }: Series): string {
  const state = Object.entries(labels).find(([label]) => /^(state|status)$/i.test(label))
  const narrowed = state && gauge !== 'breakerOpen' ? `${name}{${state[0]}="${state[1]}"}` : name
  return gauge === 'breakerOpen' ? `${narrowed}==1` : narrowed
}
