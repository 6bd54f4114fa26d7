// A17: when the load is over, nothing of it is left: no call in flight, nobody waiting, no slot taken, no transaction open, no
// lock held, no more open handles than before, no work that goes on for nobody. What is left after every burst adds up until the server
// stands still.
//
// Looks at the last readings once the agents have stopped and the scenario's after-time is over (quick 5 s, full 30 s). What was there
// before the first call (a connection that listens, a metric that counts its own reading) is not of the load; a series whose label went
// with its worker is told as long as another one of its name is. Limit: handlesMore, open files and sockets beyond those of the first
// reading and the declared pools (default 16, ours: libraries open some late); for each call at once one more may be a connection that
// stays open for the next, as redis-py, aiohttp and Java's HttpClient keep them: unknown. coresBusy, of which an instance uses less in
// some reading at the end (default 0.5 of one, ours: a loop that spins takes all of it). Not modelled: memory (steady-over-time).
import type { History } from '../history/history.ts'
import { peakInFlight } from '../history/in-flight.ts'
import { causesOf } from '../history/queries.ts'
import { cpuShares, points } from '../history/samples.ts'
import { count, share } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, percent, some, unknown } from './finding.ts'

const WITNESSES = 20
/** Readings of the last stretch count: single ones may be the harness's own scrape. */
const LAST_MS = 1_500
const INSTANCE = / of \d+$/

/** What must be 0, by series, in words. */
const ZERO: Readonly<Record<string, string>> = {
  inFlight: 'calls in flight',
  poolWaiting: 'callers waiting for a connection',
  poolUsed: 'connections in use',
  leases: 'slots taken',
  idleInTransaction: 'transactions left open',
  lockWaiting: 'statements waiting for a lock',
  advisoryLocks: 'advisory locks held',
  active: 'statements running',
}

export const noResidue = check({
  code: 'A17',
  title: 'Nothing is left behind when the load is over',
  why: 'What one burst leaves behind (a slot, a transaction, a socket), a hundred bursts make an outage of.',
  remedy: {
    control: 'admission',
    do: 'Give back in finally: the slot, the connection, the listener. A killed process runs no finally: what it held elsewhere must expire by itself.',
    runbook: 'CONCURRENCY_LIMITED',
  },
  source: 'vumi-go#541; IBM context-forge#1706, 402 idle in transaction; context-forge#2360',
  sort: 'exact',
  needs: ['after'],
  limits: { handlesMore: count(16, { from: 0, to: 100_000 }), coresBusy: share(0.5) },
  judge(history, { handlesMore, coresBusy }) {
    const endMs = history.samples.reduce((last, { atMs }) => Math.max(last, atMs), 0)
    const lastCallMs = history.calls.reduce((last, { endedAtMs, sentAtMs }) => Math.max(last, endedAtMs ?? sentAtMs), 0)
    if (history.manifest.state !== 'complete' || endMs - lastCallMs < LAST_MS)
      return unknown('the server was not looked at once the load was over')
    const from = endMs - LAST_MS
    const readings = Object.keys(ZERO).flatMap((name) => lowest(history, name, from))
    const told = new Set(readings.map(({ series }) => unlabelled(series)))
    const before = beforeLoad(history)
    const left = readings.filter(({ series, value }) => value > (before.get(series) ?? 0))
    const handles = handlesLeft(history, from, handlesMore)
    const samples = readings.length + handles.length
    if (samples === 0) return unknown('none of what could be left behind can be seen', { promisedBy: 'residue' })
    const more = handles.filter((one) => one.more > 0)
    const atOnce = more.length > 0 ? peakInFlight(history.calls).calls : 0
    const over = more.filter((one) => one.more > atOnce)
    const busy = stillBusy(history, from, coresBusy)
    // What all instances read of one store is one thing.
    const things = [...Map.groupBy(left, ({ series, value }) => `${value} ${series.replace(INSTANCE, '')}`).values()]
    const shown = { measured: things.length + over.length + busy.length, limit: 0, unit: 'things left behind', samples }
    // One instance of several that is stuck tells nothing either.
    const silent = Object.keys(ZERO).flatMap((name) => seriesOf(history, name).filter((series) => !told.has(unlabelled(series))))
    if (shown.measured === 0 && silent.length > 0)
      return unknown(`${silent.join(', ')} was no longer told once the load was over`, { samples })
    if (shown.measured === 0 && more.length > 0)
      return unknown(`${more.map(handlesText).join('; ')}: perhaps connections that up to ${some(atOnce, 'call')} at once left open`, {
        samples,
      })
    if (shown.measured === 0) return { ...shown, status: 'pass', says: `nothing is left of ${some(samples, 'thing')} looked at` }
    const exhibits = [
      ...things.map(leftText),
      ...over.map(handlesText),
      ...busy.map(({ series, share }) => `${percent(share)} of a core in use, for nobody (${series})`),
    ]
    return {
      ...shown,
      status: 'fail',
      says: `left behind: ${exhibits.join('; ')}`,
      exhibits,
      witnesses: indexes(unanswered(history)),
    }
  },
})

interface Left {
  series: string
  name: string
  value: number
}

/** `12 slots taken (leases, at each of 3 instances)` */
function leftText(same: readonly Left[]): string {
  const [{ series, name, value } = { series: '', name: '', value: 0 }] = same
  const where = same.length > 1 ? `${series.replace(INSTANCE, '')}, at each of ${same.length} instances` : series
  return `${value} ${ZERO[name]} (${where})`
}

function handlesText({ series, now, before }: Handles): string {
  return `${now} handles, ${before} at the start (${series})`
}

/** `poolUsed{pid="7"} of 1` → `poolUsed of 1` */
function unlabelled(series: string): string {
  return series.replace(/\{.*\}/s, '')
}

/** The least of the last readings, series by series: a thing that comes and goes is not left behind. */
function lowest(history: History, name: string, fromMs: number): Left[] {
  const last = Map.groupBy(
    points(history, name).filter(({ atMs }) => atMs >= fromMs),
    ({ series }) => series,
  )
  return [...last].map(([series, readings]) => ({ series, name, value: Math.min(...readings.map(({ value }) => value)) }))
}

function seriesOf(history: History, name: string): string[] {
  return [...new Set(points(history, name).map(({ series }) => series))]
}

/** Instances that use so much CPU in each of the last readings, and did not before the first call. */
function stillBusy(history: History, fromMs: number, coresBusy: number): { series: string; share: number }[] {
  const firstMs = history.calls[0]?.sentAtMs ?? 0
  return [...Map.groupBy(cpuShares(history), ({ series }) => series)].flatMap(([series, readings]) => {
    const least = (of: typeof readings) => Math.min(...of.map(({ value }) => value))
    const [idle, last] = [readings.filter(({ atMs }) => atMs < firstMs), readings.filter(({ atMs }) => atMs >= fromMs)]
    return last.length >= 2 && least(last) >= coresBusy && least(idle) < coresBusy ? [{ series, share: least(last) }] : []
  })
}

/** By series: the least that was there before anybody called. */
function beforeLoad(history: History): Map<string, number> {
  const firstMs = history.calls.reduce((least, { sentAtMs }) => Math.min(least, sentAtMs), Number.POSITIVE_INFINITY)
  const found = new Map<string, number>()
  for (const name of Object.keys(ZERO))
    for (const { series, atMs, value } of points(history, name))
      if (atMs < firstMs) found.set(series, Math.min(value, found.get(series) ?? value))
  return found
}

interface Handles {
  series: string
  now: number
  before: number
  /** Than pools and libraries explain. */
  more: number
}

function handlesLeft(history: History, fromMs: number, slack: number): Handles[] {
  const { poolMax = 0 } = history.manifest.declared
  const all = Map.groupBy(points(history, 'handles', 'process'), ({ series }) => series)
  return [...all].flatMap(([series, readings]) => {
    const [first] = readings
    const last = readings.filter(({ atMs }) => atMs >= fromMs).map(({ value }) => value)
    if (!first || last.length === 0) return []
    const now = Math.min(...last)
    return [{ series, now, before: first.value, more: Math.max(0, now - first.value - poolMax - slack) }]
  })
}

/** Whoever went away without an answer is the likeliest to have left something. */
function unanswered({ calls }: History) {
  const gone = calls.filter(({ evidence }) => evidence.transport !== undefined || evidence.status === 0)
  return (gone.length > 0 ? gone : causesOf(calls, Number.POSITIVE_INFINITY, WITNESSES)).slice(0, WITNESSES)
}
