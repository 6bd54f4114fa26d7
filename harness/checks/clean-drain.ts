// A21: an instance that is told to stop finishes what it has begun, takes nothing new, and ends in time. A server that exits at
// once loses every call inside it, on each deploy; one that goes on taking calls never ends.
//
// Limit: graceMs, from the signal to the end of the process (default 30 s, Kubernetes' own; the fault notes when it ended). Lost: a call
// that the drained instance had begun, by its log, or a call cut more than idleMs after it left (default 50 ms, ours: an idle connection
// that closes under a new call is the client's to retry); a proxy between tells a cut in its own words, a server that ends its streams in good
// order by one without an answer (unknown where k6 sends and its events had ids: it may have gone on); or a patient caller's that got no
// answer at all, and was not overdue before. New ones may be refused with 503 DRAINING, but none that was inside before the signal: by the
// server's log, else since it had left half a second earlier (ours). An error of its own, by its log, is no such refusal, nor is a dependency
// that is away, told to one that was inside, though nothing was broken: the pools were closed under it. What became of the role before,
// while nothing was broken, and what another instance had is not of the drain. Where it still ran when its window was over, and its grace
// was not, nobody knows whether it ends. Not modelled: the server's own streams.
import { isCutStream, mayGoOn } from '../history/cut-stream.ts'
import type { Call } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { overlaps } from '../history/queries.ts'
import { milliseconds } from '../parameters.ts'
import { isByProxy } from './by-proxy.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, time, unknown, worst } from './finding.ts'

const WITNESSES = 20

export const cleanDrain = check({
  code: 'A21',
  title: 'A drain loses no call',
  why: 'Every deploy drains every instance. What a drain loses, users lose with each release.',
  remedy: {
    control: 'draining',
    do: 'On SIGTERM fail readiness, serve through the balancer’s delay, refuse new calls with 503 DRAINING, finish those inside, then exit 0.',
    runbook: 'DRAINING',
  },
  source: 'memex-ai#160, streams cut on deploy; Kubernetes documentation, "Termination of Pods"',
  sort: 'exact',
  needs: ['responses'],
  limits: { graceMs: milliseconds(30_000), idleMs: milliseconds(50) },
  judge(history, limits) {
    const drains = faultsOf(history).filter(({ fault }) => fault === 'server-drained')
    if (drains.length === 0) return notExercised('no instance was drained')
    const found = drains.map((drain) => judgeDrain(history, drain, limits))
    return worst(found)
  },
})

function judgeDrain(history: History, drain: FaultRecord, { graceMs, idleMs }: { graceMs: number; idleMs: number }): Finding {
  const signalMs = drain.beginsMs
  // From the heal on it is started anew: what is cut then is ours.
  const span = { fromMs: signalMs, toMs: drain.toMs }
  const instance = String(drain.parameters.instance ?? '')
  const inside = history.calls.filter((call) => overlaps(call, span))
  const shown = { limit: 0, unit: 'calls lost', samples: inside.length }
  if (inside.length === 0) return unknown('no call was in flight or sent while the instance drained', shown)
  const isHere = (call: Call) => call.server?.instance === instance
  const isInside = (call: Call) => isHere(call) || (call.server === undefined && tookMs(call) > idleMs)
  const goesOn = ({ evidence }: Call) => isCutStream(evidence) && mayGoOn(evidence, history.manifest)
  const wasCut = (call: Call) => broken(call) && isInside(call) && !goesOn(call)
  const usual = usualBefore(history, signalMs)
  const wasFailed = (call: Call) => isHere(call) && isOwnFailure(call, history, signalMs) && !usual.has(nameOf(call))
  const wasForgotten = (call: Call) =>
    (call.server === undefined || isHere(call)) && isUnanswered(call, history.plan, signalMs) && !usual.has(nameOf(call))
  const endedMs = exitOf(drain)
  const stayed = endedMs === undefined && ranOn(drain)
  // One that stayed was stopped by us: what it had then is not lost by its drain.
  const mayBeOurs = ({ endedAtMs = drain.toMs }: Call) => stayed && endedAtMs >= drain.toMs
  const isLost = (call: Call) => wasCut(call) || wasFailed(call) || wasThrownOut(call, signalMs) || wasForgotten(call)
  const lost = inside.filter((call) => !mayBeOurs(call) && isLost(call))
  const lastedMs = endedMs ?? (stayed ? drain.toMs - signalMs : 0)
  const late = lastedMs > graceMs
  const open = inside.filter((call) => goesOn(call) && isInside(call))
  if (lost.length === 0 && !late && open.length > 0)
    return unknown(`${some(open.length, 'event stream')} ended in the drain, to be taken up again: --driver undici does that`, {
      ...shown,
      witnesses: indexes(open.slice(0, WITNESSES)),
    })
  if (lost.length === 0 && !late) {
    const none = `none of ${some(inside.length, 'call')} was lost`
    if (stayed)
      return unknown(`${none}, but nobody waited for its end: it still ran after ${time(lastedMs)}, when it was started anew`, shown)
    return { ...shown, measured: 0, status: 'pass', says: `${none}${endedMs === undefined ? '' : `, and it ended after ${time(endedMs)}`}` }
  }
  return {
    ...shown,
    measured: lost.length,
    status: 'fail',
    timed: lost.every(({ evidence }) => evidence.transport === 'timeout'),
    says: [
      ...(lost.length > 0 ? [`${lost.length} of ${some(inside.length, 'call')} lost in the drain`] : []),
      ...(late
        ? [`it ${endedMs === undefined ? 'still ran' : 'ended'} ${time(lastedMs)} after it was told to end, allowed are ${time(graceMs)}`]
        : []),
    ].join('; '),
    witnesses: indexes((lost.length > 0 ? lost : inside).slice(0, WITNESSES)),
  }
}

function broken(call: Call): boolean {
  const { transport } = call.evidence
  return transport === 'reset' || transport === 'cut' || isCutStream(call.evidence) || isByProxy(call) || call.endedAtMs === undefined
}

/** By the server's log, so no word of a proxy: an error of its own, or, to a call that was inside, a dependency away that nobody broke. */
function isOwnFailure(call: Call, history: History, signalMs: number): boolean {
  const { class: is, server, endedAtMs } = call
  if (is === 'server-error') return server !== undefined
  if (is !== 'dependency' && is !== 'unexplained') return false
  const cameMs = endedAtMs === undefined || server?.durationMs === undefined ? signalMs : endedAtMs - server.durationMs
  return cameMs < signalMs && !faultsOf(history).some((fault) => fault.dependency !== 'server' && isFelt(fault, call))
}

function isFelt({ beginsMs, overMs }: FaultRecord, call: Call): boolean {
  return overlaps(call, { fromMs: beginsMs, toMs: overMs })
}

function nameOf({ role, class: is, evidence }: Call): string {
  return `${role} ${is} ${evidence.transport}`
}

/** What became of a role's calls once warm, while nothing was broken and nobody was impatient: in the drain too it is not its doing. */
function usualBefore(history: History, signalMs: number): ReadonlySet<string> {
  const faults = faultsOf(history)
  const { patienceMs } = history.plan
  const before = history.calls.filter(({ phase, endedAtMs = signalMs }) => phase !== 'warm-up' && endedAtMs < signalMs)
  const calm = before.filter((call) => call.timeoutMs >= patienceMs && !faults.some((fault) => isFelt(fault, call)))
  return new Set(calm.map(nameOf))
}

/** A call is inside the server within this time. ours */
const INSIDE_MS = 500

/** Told DRAINING, though it was there long before the signal: by the server's log, else by when it left. */
function wasThrownOut({ class: is, sentAtMs, endedAtMs = sentAtMs, server }: Call, signalMs: number): boolean {
  const cameMs = server?.durationMs === undefined ? sentAtMs + INSIDE_MS : endedAtMs - server.durationMs
  return is === 'draining' && endedAtMs >= signalMs && cameMs < signalMs
}

/** Left without any answer, though its caller was patient, and it had time left when the signal came. */
function isUnanswered({ role, sentAtMs, timeoutMs, evidence }: Call, plan: History['plan'], signalMs: number): boolean {
  const deadlineMs = (role === 'handshake' ? undefined : plan.roles[role]?.deadlineMs) ?? timeoutMs
  return evidence.transport === 'timeout' && timeoutMs >= plan.patienceMs && sentAtMs + deadlineMs > signalMs
}

function tookMs({ sentAtMs, endedAtMs }: Call): number {
  return (endedAtMs ?? Number.POSITIVE_INFINITY) - sentAtMs
}

/** Nobody saw it end. */
function ranOn({ lines }: FaultRecord): boolean {
  return lines.some(({ detail = '' }) => /\b(runs|ran) on\b/.test(detail))
}

/** "ended after 840 ms (exit 0)", as the fault's lines say it. */
function exitOf({ lines }: FaultRecord): number | undefined {
  for (const { detail = '' } of lines) {
    const ms = /ended after (\d+) ms/.exec(detail)?.[1]
    if (ms !== undefined) return Number(ms)
  }
  return undefined
}
