// A32: alerts come when something is wrong, and only then. One that fires on every error is muted within a week; one that does not fire at
// all is found out by a customer.
//
// The server's own rules, evaluated on what its metrics said in this run (the manifest holds what fired; a second of the run stands for
// `stretch` seconds of theirs). In the steady phase none may fire, nor later where nothing is broken and nobody misbehaves; in each window
// with faults at least one must begin, from the first injection to the last verified heal. One that fires already, from an earlier window's
// fault, and goes on to the end of this one may have seen both or only the first: unknown. So is one that fires while agents were ill
// served without a fault (1 %, ours), and silence while nobody had less than before and nothing was gone; but what was over as soon as it
// happened, and took nothing from anybody, wakes nobody. Left out are those that are for no person: of severity `none` or `info`, and
// watchdogs. No limits. Not modelled: whether it is the right alert for that fault, and who is woken.
import type { Call, CallClass } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { goodIn, intents, measured, phaseOf } from '../history/queries.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import { check } from './check.ts'
import { indexes, percent, some, time, unknown } from './finding.ts'

const WITNESSES = 20
/** So little is noise. */
const ILL_SHARE = 0.01

/** Faults that take a dependency away for as long as they last: somebody must know, whether or not anybody feels it yet. */
const GONE = /-(?:refused|down|frozen|hang)$/
/** Faults of one moment, after which all is there again. */
export const MOMENTARY: ReadonlySet<string> = new Set(['redis-flushed', 'keys-rotated', 'connections-reset', 'postgres-sessions-killed'])
/** Those that always fire, to show that alerts arrive (kube-prometheus' Watchdog), and those that notify nobody by themselves. */
const NOBODY = /^(?:none|info)$/i
const WATCHDOG = /^(?:watchdog|dead_?mans?_?(?:switch|snitch))$/i

export const alertsFire = check({
  code: 'A32',
  title: 'Alerts fire when something is broken, and at no other time',
  why: 'An alert on every error teaches people to look away. One that stays silent in an outage is no alert.',
  remedy: {
    control: 'the alerts',
    do: 'Alert on what somebody must act on: failures of your own above what is usual here, a dependency that is away, a budget that burns; never on the first error, nor on what callers do wrong.',
  },
  source: 'SRE workbook ch. 5, "Alerting on SLOs"; SRE ch. 6',
  sort: 'event',
  comparesWithBaseline: true,
  needs: ['alerts'],
  limits: {},
  judge(history) {
    const { alerts } = history.manifest
    if (!alerts) return unknown('the alert rules were not evaluated in this run')
    const calm = calmOf(history)
    const windows = windowsWithFaults(history)
    if (!calm || alerts.readings === 0) return unknown('the metrics were not read in the steady phase')
    const fired = alerts.fired.filter(({ alert, labels: { severity = '' } }) => !NOBODY.test(severity) && !WATCHDOG.test(alert))
    const untimely = fired.filter(({ fromMs, toMs }) => toMs >= calm.fromMs && fromMs < calm.toMs)
    const ill = untimely.length > 0 ? illIn(history, calm) : 0
    const early = ill > ILL_SHARE ? [] : untimely
    const answered = windows.map((window) => ({
      ...window,
      alert: fired.find(({ fromMs }) => fromMs >= window.fromMs && fromMs <= window.toMs),
    }))
    const owed = answered.filter((window) => !window.alert && !wasNothing(history, calm, window))
    const unanswered = owed.map((window) => ({ ...window, doubt: doubtOf(history, calm, fired, window) }))
    const silent = unanswered.filter(({ doubt }) => doubt === undefined)
    const seconds = `a second stands for ${Math.round(alerts.stretch)} of the rules' own`
    const shown = {
      measured: early.length + silent.length,
      limit: 0,
      unit: 'alerts too many or too few',
      samples: alerts.rules.length,
    }
    const held = [
      ...(untimely.length === 0 ? [`none of ${some(alerts.rules.length, 'alert')} fired while all was well`] : []),
      ...answered.flatMap(({ id, fromMs, alert }) => (alert ? [`${alert.alert} fired ${time(alert.fromMs - fromMs)} into ${id}`] : [])),
    ]
    const doubts = [
      ...unanswered.flatMap(({ doubt }) => doubt ?? []),
      ...(ill > ILL_SHARE ? [`${untimely[0]?.alert} fired without a fault, but ${percent(ill)} of the calls were ill served then`] : []),
    ]
    if (shown.measured === 0 && doubts.length > 0) return unknown(`${[...doubts, ...held].join('; ')} (${seconds})`, shown)
    if (shown.measured === 0) return { ...shown, status: 'pass', says: `${held.join('; ')} (${seconds})` }
    const exhibits = [
      ...early.map(({ alert, fromMs, toMs }) => `${alert} fired from ${time(fromMs)} to ${time(toMs)}, while all was well`),
      ...silent.map(
        ({ id, faults, fromMs, toMs }) => `no alert began in ${id} (${faults.join(', ')}), from ${time(fromMs)} to ${time(toMs)}`,
      ),
    ]
    const [first] = [...early, ...silent]
    const near = history.calls.filter(({ good, sentAtMs }) => !good && first && sentAtMs <= first.toMs && sentAtMs >= first.fromMs - 5_000)
    return {
      ...shown,
      status: 'fail',
      says: `${exhibits.join('; ')} (${seconds})`,
      exhibits,
      witnesses: indexes(near.slice(0, WITNESSES)),
    }
  },
})

/** The steady phase; to the end, where the plan breaks nothing and nobody is hostile. */
function calmOf(history: History): { fromMs: number; toMs: number } | undefined {
  const steady = phaseOf(history, 'steady')
  const { faults, agents, endsAtMs } = history.plan
  const peaceful = faults.length === 0 && agents.every(({ hostile }) => !hostile)
  return steady && { fromMs: steady.fromMs, toMs: peaceful ? endsAtMs : steady.toMs }
}

/** What callers do wrong, and what they are told of it, is no illness of the server. */
const CALLERS: ReadonlySet<CallClass> = new Set(['invalid', 'denied', 'conflict', 'refused', 'too-large'])

/** The share of calls that the server failed, or answered too late or wrongly. */
function illIn({ calls }: History, span: Stretch): number {
  const asked = calls.filter((call) => measured(call) && !CALLERS.has(call.class) && isDuring(span, call.sentAtMs))
  return asked.length === 0 ? 0 : asked.filter(({ good }) => !good).length / asked.length
}

/** Why silence in a window may be no fault; undefined: it is one. */
function doubtOf({ calls }: History, calm: Stretch, fired: readonly FiredAlert[], { id, faults, ...window }: BrokenWindow) {
  const lasting = fired.find(({ fromMs, toMs }) => fromMs < window.fromMs && toMs >= window.toMs)
  if (lasting)
    return `${lasting.alert} had fired since ${time(lasting.fromMs)} and went on through ${id}, which it may not have noticed: a longer pause before it would tell`
  if (faults.some((fault) => GONE.test(fault)) || hadLess(calls, calm, window)) return undefined
  return `no alert began in ${id} (${faults.join(', ')}), but agents had no less than before: whether one was wanted, nobody can tell`
}

/** A moment that nobody felt: there is nothing left of it to act on. */
function wasNothing({ calls }: History, calm: Stretch, { faults, ...window }: BrokenWindow): boolean {
  return faults.every((fault) => MOMENTARY.has(fault)) && !hadLess(calls, calm, window)
}

function hadLess(calls: readonly Call[], calm: Stretch, window: Stretch): boolean {
  const [before, during] = [goodIn(intents(calls), calm).share, goodIn(intents(calls), window).share]
  return during < (1 - ILL_SHARE) * before
}

type FiredAlert = NonNullable<History['manifest']['alerts']>['fired'][number]

interface BrokenWindow {
  id: string
  faults: string[]
  fromMs: number
  toMs: number
}

/** Of faults that were felt: one that was not is no reason for an alert. */
function windowsWithFaults(history: History): BrokenWindow[] {
  const felt = faultsOf(history).filter((one) => one.felt)
  return [...Map.groupBy(felt, ({ window }) => window)].map(([id, faults]: [string, FaultRecord[]]) => ({
    id,
    faults: faults.map(({ fault }) => fault),
    fromMs: Math.min(...faults.map(({ beginsMs }) => beginsMs)),
    toMs: Math.max(...faults.map(({ overMs, toMs }) => (Number.isFinite(overMs) ? overMs : toMs))),
  }))
}
