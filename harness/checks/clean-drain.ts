// A21: an instance that is told to stop finishes what it has begun, takes nothing new, and ends in time. A server that exits at
// once loses every call inside it, on each deploy; one that goes on taking calls never ends.
//
// Limit: graceMs, from the signal to the end of the process (default 30 s, Kubernetes' own; the fault notes when it ended). Lost: a call
// that the drained instance had begun, by its log, or a call cut more than idleMs after it left (default 50 ms, ours: an idle connection
// that closes under a new call is the client's to retry); a proxy between tells a cut as 502 or 504, Envoy as 503, a server that ends its
// streams in good order as one without an answer (unknown where k6 sends and its events had ids: it may have gone on); or a patient
// caller's that got no answer at all, and was not overdue before. New ones may be refused with 503 DRAINING, but none that was inside
// before the signal: by the server's log, else since it had left half a second earlier (ours). An error of its own, by its log, where
// the role had none before, is no such refusal: told INTERNAL, nobody asks again.
// Not modelled: the server's own streams.
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
  const isInside = (call: Call) => call.server?.instance === instance || tookMs(call) > idleMs
  const goesOn = ({ evidence }: Call) => isCutStream(evidence) && mayGoOn(evidence, history.manifest)
  const wasCut = (call: Call) => broken(call) && isInside(call) && !goesOn(call)
  const erring = erringBefore(history, signalMs)
  const wasFailed = (call: Call) => isOwnError(call) && call.server?.instance === instance && !erring.has(call.role)
  const lost = inside.filter(
    (call) => wasCut(call) || wasFailed(call) || wasThrownOut(call, signalMs) || wasForgotten(call, history.plan, signalMs),
  )
  const endedMs = exitOf(drain)
  const late = endedMs !== undefined && endedMs > graceMs
  const open = inside.filter((call) => goesOn(call) && isInside(call))
  if (lost.length === 0 && !late && open.length > 0)
    return unknown(`${some(open.length, 'event stream')} ended in the drain, to be taken up again: --driver undici does that`, {
      ...shown,
      witnesses: indexes(open.slice(0, WITNESSES)),
    })
  if (lost.length === 0 && !late) {
    const end = endedMs === undefined ? '' : `, and it ended after ${time(endedMs)}`
    return { ...shown, measured: 0, status: 'pass', says: `none of ${some(inside.length, 'call')} was lost${end}` }
  }
  return {
    ...shown,
    measured: lost.length,
    status: 'fail',
    timed: lost.every(({ evidence }) => evidence.transport === 'timeout'),
    says: [
      ...(lost.length > 0 ? [`${lost.length} of ${some(inside.length, 'call')} lost in the drain`] : []),
      ...(late ? [`it ended ${time(endedMs)} after it was told to, allowed are ${time(graceMs)}`] : []),
    ].join('; '),
    witnesses: indexes((lost.length > 0 ? lost : inside).slice(0, WITNESSES)),
  }
}

function broken(call: Call): boolean {
  const { transport } = call.evidence
  return transport === 'reset' || transport === 'cut' || isCutStream(call.evidence) || isByProxy(call) || call.endedAtMs === undefined
}

/** By the server's log: no word of a proxy. */
function isOwnError({ class: is, server }: Call): boolean {
  return is === 'server-error' && server !== undefined
}

/** Roles that err without any drain: that they do so in it is not its doing. */
function erringBefore({ calls }: History, signalMs: number): Set<Call['role']> {
  const before = calls.filter((call) => isOwnError(call) && (call.endedAtMs ?? signalMs) < signalMs)
  return new Set(before.map(({ role }) => role))
}

/** A call is inside the server within this time. ours */
const INSIDE_MS = 500

/** Told DRAINING, though it was there long before the signal: by the server's log, else by when it left. */
function wasThrownOut({ class: is, sentAtMs, endedAtMs = sentAtMs, server }: Call, signalMs: number): boolean {
  const cameMs = server?.durationMs === undefined ? sentAtMs + INSIDE_MS : endedAtMs - server.durationMs
  return is === 'draining' && endedAtMs >= signalMs && cameMs < signalMs
}

/** Left without any answer, though its caller was patient, and it had time left when the signal came. */
function wasForgotten({ role, sentAtMs, timeoutMs, evidence }: Call, plan: History['plan'], signalMs: number): boolean {
  const deadlineMs = (role === 'handshake' ? undefined : plan.roles[role]?.deadlineMs) ?? timeoutMs
  return evidence.transport === 'timeout' && timeoutMs >= plan.patienceMs && sentAtMs + deadlineMs > signalMs
}

function tookMs({ sentAtMs, endedAtMs }: Call): number {
  return (endedAtMs ?? Number.POSITIVE_INFINITY) - sentAtMs
}

/** "ended after 840 ms (exit 0)", as the fault's lines say it. */
function exitOf({ lines }: FaultRecord): number | undefined {
  for (const { detail = '' } of lines) {
    const ms = /ended after (\d+) ms/.exec(detail)?.[1]
    if (ms !== undefined) return Number(ms)
  }
  return undefined
}
