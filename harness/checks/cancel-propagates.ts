// A26: when a call ends before its query, the query ends too, and nobody else's does. An agent that hangs up leaves a
// statement behind that runs to its end: thirty impatient agents and the database works for nobody. A cancel that is aimed at a
// connection, not at its query, hits the next caller.
//
// Limits: graceMs after a disconnect or deadline until the statement must be gone (default 1 s, ours). Statements
// that run for nobody: those that have been active for more than a second, beyond the calls that have been on their
// way for as long, and need the database, and are in flight or ended less than graceMs ago; in two readings in a row.
// Long statements that were there before anybody had given up (a job of the server's own) are counted off;
// where nobody gives up, statements that no call explains belong to roles that do not say what they need.
// Innocent: a call answered long before its own deadline with 57014 (or its words), or, within 2 s (ours) of somebody's giving up, with a
// time limit, or with the end of its session (57P01, where no fault ends any); unless all such took the same time, or the words are those
// of statement_timeout: then that is a limit of its own. Not modelled: what began between two readings; several statements of a call at once.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { needing, notServed } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { quantileOf } from '../history/quantiles.ts'
import { needs } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { wordsOf } from '../history/words.ts'
import { milliseconds } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, notExercised, some, time, unknown } from './finding.ts'

const WITNESSES = 20
const CANCELLED = /\b57014\b|canceling statement due to user request/i
const TERMINATED = /\b57P01\b|terminating connection due to administrator command/i
/** Faults on Postgres that end no session. */
const GENTLE: ReadonlySet<string> = new Set(['postgres-latency', 'postgres-lock', 'postgres-slow-statements'])
/** What the sampler calls long. */
const RUNNING_MS = 1_000
/** From a disconnect or deadline until its cancel may still hit somebody. ours */
const CANCEL_MS = 2_000
/** Answered this share of its deadline too early to have run out of it. */
const EARLY_SHARE = 0.9

export const cancelPropagates = check({
  code: 'A26',
  title: 'A call that ends takes its query with it, and only its own',
  why: 'Agents hang up and ask again. Every query that goes on for nobody takes a connection and a core from somebody.',
  remedy: {
    control: 'cancel',
    do: 'On a disconnect or a deadline cancel the statement by its backend, wait for both to settle, and only then give the connection back.',
    runbook: 'TOOL_TIMEOUT',
  },
  source: 'MLPA#177, 217 active queries of callers that had gone; node-postgres, query_timeout leaves the query running; the grace is ours',
  sort: 'exact',
  needs: ['observe.postgres'],
  ofAllAgents: true,
  limits: { graceMs: milliseconds(1_000) },
  judge(history, { graceMs }) {
    const asking = needing(history, 'postgres')
    const failed = notServed(history).filter(({ role }) => needs(history, role, 'postgres'))
    const gone = failed.filter(
      ({ evidence, class: is }) => evidence.transport === 'timeout' || evidence.transport === 'reset' || is === 'timeout',
    )
    const early = new Set(failed.filter((call) => endedEarly(history, call)))
    const givenUp = ascending(
      gone.filter((call) => !early.has(call)),
      ({ endedAtMs = Number.POSITIVE_INFINITY }) => endedAtMs,
    )
    const hit = [...early].filter((call) => !toldLimit(call) && (toldCancelled(call) || isCancelNear(givenUp, call)))
    const innocent = withoutOwnLimit(hit)
    const readings = points(history, 'activeOverSecond', 'postgres')
    if (readings.length === 0) return unknown('the database’s activity was never read')
    const running = new Running(asking, graceMs)
    const firstMs = gone.reduce((least, { endedAtMs, sentAtMs }) => Math.min(least, endedAtMs ?? sentAtMs), Number.POSITIVE_INFINITY)
    const seen = readings.map(({ atMs, value }) => ({ atMs, more: value - running.at(atMs) }))
    const own = seen.reduce((most, { atMs, more }) => (atMs < firstMs ? Math.max(most, more) : most), 0)
    const orphans = seen.map(({ atMs, more }) => ({ atMs, more: more - own }))
    const lasting = orphans.filter(({ more }, n) => more > 0 && (orphans[n - 1]?.more ?? 0) > 0)
    const worst = lasting.reduce((most, one) => (one.more > most.more ? one : most), { atMs: 0, more: 0 })
    const shown = {
      measured: Math.max(worst.more, innocent.length),
      limit: 0,
      unit: 'statements that ran for nobody',
      samples: readings.length,
    }
    if (worst.more === 0 && innocent.length === 0) {
      if (gone.length === 0) return notExercised('no call that needs the database ended before its query')
      return {
        ...shown,
        status: 'pass',
        says: `after ${some(gone.length, 'call')} that ended early, no statement ran on for more than ${time(graceMs)}`,
      }
    }
    const before = gone.filter(({ sentAtMs }) => sentAtMs <= worst.atMs).slice(-WITNESSES)
    return {
      ...shown,
      ...(worst.more === 0 && { unit: 'calls cancelled by mistake' }),
      status: 'fail',
      says: [
        ...(worst.more > 0
          ? [
              `${some(worst.more, 'statement')} ran for nobody at ${time(worst.atMs)}, ${time(graceMs)} and more after their calls had ended`,
            ]
          : []),
        ...(innocent.length > 0 ? [`${some(innocent.length, 'call')} cancelled that nobody had given up`] : []),
      ].join('; '),
      witnesses: indexes([...innocent, ...(worst.more > 0 ? before : [])].slice(0, WITNESSES)),
    }
  },
})

/** Calls that may have a statement which has run for more than a second, from when and until when; counted without a look at each. */
class Running {
  readonly #from: Float64Array
  readonly #to: Float64Array

  constructor(asking: readonly Call[], graceMs: number) {
    const fromMs = ({ sentAtMs }: Call) => sentAtMs + RUNNING_MS
    const toMs = ({ endedAtMs = Number.POSITIVE_INFINITY }: Call) => endedAtMs + graceMs
    const long = asking.filter((call) => fromMs(call) <= toMs(call))
    this.#from = ascending(long, fromMs)
    this.#to = ascending(long, toMs)
  }

  at(atMs: number): number {
    return countBelow(this.#from, atMs, true) - countBelow(this.#to, atMs)
  }
}

function endsSessions(history: History): boolean {
  return faultsOf(history).some(({ fault, dependency }) => dependency === 'postgres' && !GENTLE.has(fault))
}

function toldCancelled(call: Call): boolean {
  return CANCELLED.test(wordsOf(call.evidence))
}

/** The database's own word for a limit of its own, which has the code of a cancel. */
function toldLimit(call: Call): boolean {
  return /canceling statement due to statement timeout/i.test(wordsOf(call.evidence))
}

/** Somebody had given up shortly before it ended: without that there was nothing to cancel. */
function isCancelNear(givenUp: Float64Array, { endedAtMs = 0 }: Call): boolean {
  return countBelow(givenUp, endedAtMs, true) > countBelow(givenUp, endedAtMs - CANCEL_MS)
}

const OWN_LIMIT_LEAST = 3
const OWN_LIMIT_SPREAD = 0.15

/** A cancel that misses its aim hits at any time; a limit always after the same. Told role by role. */
function withoutOwnLimit(early: readonly Call[]): Call[] {
  return [...Map.groupBy(early, ({ role }) => role).values()].flatMap((own) => {
    const took = own.map(({ sentAtMs, endedAtMs = sentAtMs }) => endedAtMs - sentAtMs)
    const [least, most] = [quantileOf(took, 0), quantileOf(took, 1)]
    const limited = own.length >= OWN_LIMIT_LEAST && most - least <= most * OWN_LIMIT_SPREAD
    return limited ? [] : own
  })
}

/** Told that it was cancelled or its session ended, or that a time limit was over which had not been reached. */
function endedEarly(history: History, call: Call): boolean {
  const { plan } = history
  if (call.endedAtMs === undefined || call.role === 'handshake') return false
  const told = call.class === 'timeout' || toldCancelled(call) || (TERMINATED.test(wordsOf(call.evidence)) && !endsSessions(history))
  if (call.evidence.transport !== undefined || !told) return false
  const deadlineMs = plan.roles[call.role]?.deadlineMs
  return deadlineMs === undefined || call.endedAtMs - call.sentAtMs < deadlineMs * EARLY_SHARE
}
