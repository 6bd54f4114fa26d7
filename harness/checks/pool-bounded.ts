// A8: the server's connections to its database stay within the pools that it declares, however many agents call at once. A pool a request,
// or pools that nobody added up, take the database away from everybody else (SQLSTATE 53300).
//
// No limits of its own: poolMax × instances of the target's `declared`. Connections are those of the app's role in pg_stat_activity, so a
// peak between two samples goes unseen, but for the 53300 that it causes (those of a fault that takes connections away are not the server's
// own; of a pooler between, that it takes no more clients). Connections beyond, but no more than calls given up in the second before (ours;
// later by what a fault delays the link) may be closed and not yet gone: unknown; a pass in one reading between two within the pools, where
// those calls were under way at the first. A bound that nobody reached is a pass that says so. Not modelled: a pooler's own connections.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { mayNeed, needing, notServed } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { peakInFlight } from '../history/in-flight.ts'
import { instancesOf } from '../history/instances.ts'
import { quantileOf } from '../history/quantiles.ts'
import { causesOf, everyIntent, needs, overlaps, phaseOf, phasesOf, timeInside, windowsOf } from '../history/queries.ts'
import { type Point, points } from '../history/samples.ts'
import { isDuring } from '../history/stretch.ts'
import { wordsOf } from '../history/words.ts'
import { check, type Finding } from './check.ts'
import { indexes, some, time, unknown } from './finding.ts'
import { givenUpIn, underWayAndGivenUpIn } from './given-up.ts'

const WITNESSES = 20

export const poolBounded = check({
  code: 'A8',
  title: 'Connections to the database stay within the declared pools',
  why: 'Connections are the scarcest thing a database has. A server that opens one a call takes down every other user of it.',
  remedy: {
    control: 'bulkhead',
    do: 'Create each pool once per process, give it a hard maximum, and keep all pools × instances under the database’s own limit.',
    runbook: 'DEPENDENCY_UNAVAILABLE',
  },
  source: 'seed 2, "The Production Gotcha"; xorbitsai/xagent#889',
  sort: 'exact',
  needs: ['declared.poolMax', 'observe.postgres'],
  limits: {},
  fromOutside: ranOut,
  judge(history) {
    const { poolMax = 0 } = history.manifest.declared
    const limit = poolMax * instancesOf(history)
    const connections = points(history, 'connections', 'postgres')
    const spent = spentCalls(history)
    const highest = highestOf(connections)
    const shown = { measured: highest.value, limit, unit: 'connections', samples: connections.length }
    const beyond = connections.filter(({ value }) => value > limit)
    const over = connections.filter(({ value }, at) => value > limit && !wasClosing(history, connections, at, limit))
    if (over.length > 0 && spent.length === 0 && over.every((point) => mayBeClosing(history, point, limit)))
      return unknown(
        `${highest.value} connections at ${time(highest.atMs)}, declared are ${limit}; but as many calls were given up just before, whose connections may have been closed and not yet gone`,
        { ...shown, witnesses: indexes(causesOf(needing(history, 'postgres'), highest.atMs, WITNESSES)) },
      )
    if (over.length > 0 || spent.length > 0) {
      const then = highest.value > limit ? causesOf(needing(history, 'postgres'), highest.atMs, WITNESSES) : []
      return {
        ...shown,
        status: 'fail',
        says: [
          ...(highest.value > limit ? [`${highest.value} connections at ${time(highest.atMs)}, declared are ${limit}`] : []),
          ...(spent.length > 0 ? [`${some(spent.length, 'call')} failed because the database was out of connections (53300)`] : []),
        ].join('; '),
        witnesses: indexes([...then, ...spent].slice(0, WITNESSES)),
        // More than were declared: their size is not what failed, it is not kept.
        ...(highest.value <= limit && { advice: advice(history, poolMax) }),
      }
    }
    const blind = phasesOf(history, 'stress').find((stress) => !connections.some(({ atMs }) => isDuring(stress, atMs)))
    if (blind) return unknown('no sample of the connections was taken under stress', shown)
    const served = needing(history, 'postgres').find((call) => call.class === 'served')
    if (highest.value === 0 && served) {
      const role = history.manifest.observed.postgresRole ?? '(not named)'
      return unknown(`no connection of role '${role}' was ever seen: mend observe.postgres.role`, {
        ...shown,
        witnesses: indexes([served]),
      })
    }
    const atOnce = peakInFlight(mayNeed(history, 'postgres')).calls
    const within = highestOf(connections.filter(({ value }) => value <= limit)).value
    const closing = `; ${highest.value} in the reading at ${time(highest.atMs)}, those of calls given up just before among them`
    return {
      ...shown,
      measured: within,
      status: 'pass',
      says: `at most ${some(within, 'connection')} of ${limit}${pressure(atOnce, limit)}${beyond.length > 0 ? closing : ''}`,
      advice: advice(history, poolMax),
    }
  },
})

type Reading = Pick<Point, 'atMs' | 'value'>

function highestOf(connections: readonly Reading[]): Reading {
  return connections.reduce((most, point) => (point.value > most.value ? point : most), { atMs: 0, value: 0 })
}

/** From when a pool closes a connection until the database has no more of it. ours */
const CLOSING_MS = 1_000

function mayBeClosing(history: History, { atMs, value }: Point, limit: number): boolean {
  return value - limit <= givenUpIn(history, { fromMs: atMs - closingMs(history, atMs), toMs: atMs })
}

/** What a call holds that was under way at the reading before was counted there, so the one more has taken a closed one's place. */
function wasClosing(history: History, readings: readonly Point[], at: number, limit: number): boolean {
  const [before, point, after] = [readings[at - 1], readings[at], readings[at + 1]]
  if (!before || !point || !after || before.value > limit || after.value > limit) return false
  const closing = { fromMs: point.atMs - closingMs(history, point.atMs), toMs: point.atMs }
  return point.value - limit <= underWayAndGivenUpIn(history, before.atMs, closing)
}

function closingMs(history: History, atMs: number): number {
  const late = faultsOf(history).filter(({ fault, fromMs, overMs }) => fault === 'postgres-latency' && atMs >= fromMs && atMs <= overMs)
  return late.reduce((ms, { parameters }) => ms + Number(parameters.delayMs ?? 0), CLOSING_MS)
}

/** The database's own word for it, passed on: seen without looking into the database. That it was never said proves nothing. */
function ranOut(history: History): Finding | undefined {
  const spent = spentCalls(history)
  if (spent.length === 0) return undefined
  return {
    status: 'fail',
    measured: spent.length,
    limit: 0,
    unit: 'calls without a connection',
    samples: history.calls.length,
    says: `${some(spent.length, 'call')} failed because the database was out of connections (53300)`,
    witnesses: indexes(spent.slice(0, WITNESSES)),
  }
}

function spentCalls(history: History): Call[] {
  const takenAway = faultsOf(history).filter(({ fault }) => fault === 'postgres-connections-exhausted')
  return notServed(history).filter((call) => outOfConnections(call) && !takenAway.some((fault) => overlaps(call, fault)))
}

/** SQLSTATE 53300 as a server passes it on: the code itself, or the words of Postgres, PgBouncer and Supavisor for it. */
function outOfConnections({ evidence }: Call): boolean {
  return OUT.test(wordsOf(evidence))
}

const OUT =
  /\b53300\b|too many clients already|remaining connection slots|too many connections for (role|database)|no more connections allowed|max clients reached/i

/** A pool that nobody pressed has not been tried: the plan should ask for twice of it at once. */
function pressure(peak: number, limit: number): string {
  return peak >= 2 * limit
    ? `, with up to ${peak} calls at once`
    : `; but only ${some(peak, 'call')} at once asked for them, less than twice the pools`
}

/** Little's law: connections in use = arrivals a second × seconds that each is held. Held times from the steady phase. */
function advice(history: History, poolMax: number): NonNullable<Finding['advice']> {
  const steady = phaseOf(history, 'steady')
  const inSteady = needing(history, 'postgres').filter((call) => call.phase === 'steady' && call.outcome === 'ok')
  const heldMs = quantileOf(inSteady.map(timeInside), 0.5)
  if (!steady || Number.isNaN(heldMs)) return []
  const whole = { fromMs: steady.fromMs, toMs: history.plan.endsAtMs }
  const asked = everyIntent(history.calls).filter(({ first }) => needs(history, first.role, 'postgres'))
  const busiest = windowsOf(asked, whole).reduce((most, { planned }) => Math.max(most, planned), 0)
  const wanted = Math.max(2, Math.ceil((2 * busiest * heldMs) / 1_000))
  const why = `${wanted} (busiest second ${busiest} calls × ${time(heldMs)} each, twice over)`
  return [{ setting: 'declared.poolMax', present: String(poolMax), suggested: why }]
}
