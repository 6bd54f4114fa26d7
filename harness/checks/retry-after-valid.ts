// A6: every refusal says when to come back, in every place where a client may read it: the Retry-After header (whole seconds
// of at least 1, or an HTTP-date), the same wait within a second as `retryAfterMs` in the body's data, JSON, under the call's
// own id, or none where the status tells it, which may come before the body was read. Refusals on the tool surface carry the same data in
// `structuredContent`, or as JSON in their text; one that tells its limit in prose alone fails. A refusal by its code is one under any
// status (GitHub's 403, 529). Of a body's `retryAfter`, which some mean in seconds and some in ms, the header beside it says which.
//
// A 503 that is no JSON-RPC while the server itself is killed, frozen or drained may be of what stands before it, and is left out.
// Limits: agreeMs, how far header and body may be apart (default 1 s; a date may be off by the answer's own way on top, and by the second to
// which the answer's own `Date` is cut, from which it counts where that was recorded).
// Not modelled: whether the wait is true (retry-after-honest), and waits shorter than RateLimit's reset.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { notServed } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { overlaps } from '../history/queries.ts'
import { bodyWaitMs, headerWaitMs, isHttpDate } from '../history/wait.ts'
import { milliseconds } from '../parameters.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

const WITNESSES = 20

export const retryAfterValid = check({
  code: 'A6',
  title: 'Every refusal says when to come back',
  why: 'Agents that get no retry guidance retry at machine speed, and take down more than the first call would have. Most MCP clients drop headers, so the body must say it too.',
  remedy: {
    control: 'guidance',
    do: "Send Retry-After as whole seconds of at least 1, and the same wait as data.retryAfterMs in a JSON body with the call's own id.",
    runbook: 'RATE_LIMITED',
  },
  source: 'RFC 9110 §10.2.3; seed 1, "Return codes that agents actually understand"',
  sort: 'exact',
  needs: ['responses'],
  limits: { agreeMs: milliseconds(1_000) },
  judge(history, { agreeMs }) {
    const away = faultsOf(history).flatMap(({ dependency, fromMs, overMs: toMs }) => (dependency === 'server' ? [{ fromMs, toMs }] : []))
    const refusals = notServed(history).filter((call) => isRefusal(call) && !(isForeign(call) && away.some((span) => overlaps(call, span))))
    if (refusals.length === 0) return { ...notExercised(nobodyRefused(history)), promisedBy: 'declared.perAgent' }
    const flawed = refusals.flatMap((call) => {
      const flaw = guidanceFlaw(call, history, agreeMs)
      return flaw === undefined ? [] : [{ call, flaw }]
    })
    const kinds = Map.groupBy(flawed, ({ flaw }) => flaw)
    // One of each kind first: the person who looks at the witnesses sees every flaw.
    const shown = [...kinds.values()].flatMap((some) => some.slice(0, Math.ceil(WITNESSES / kinds.size)).map(({ call }) => call))
    return {
      status: flawed.length === 0 ? 'pass' : 'fail',
      measured: flawed.length,
      limit: 0,
      unit: 'refusals without true guidance',
      samples: refusals.length,
      says:
        flawed.length === 0
          ? `all ${some(refusals.length, 'refusal')} said when to come back`
          : `${flawed.length} of ${some(refusals.length, 'refusal')} did not say when to come back: ${[...kinds].map(([flaw, some]) => `${some.length} ${flaw}`).join(', ')}`,
      evidence: flawed.length > 0 && flawed.every(({ call }) => call.by === 'inferred') ? 'inferred' : 'direct',
      witnesses: indexes(shown),
    }
  },
})

function nobodyRefused({ calls }: History): string {
  const looped = calls.filter(({ hostile, role }) => hostile && role !== 'handshake').length
  return `no call was refused${looped === 0 ? '' : `, none of the ${looped} that runaway agents sent: no limit was met`}`
}

const TURNED_AWAY: ReadonlySet<string> = new Set(['refused', 'shed', 'queue', 'draining'])

function isRefusal(call: Call): boolean {
  const { status, transport } = call.evidence
  if (transport !== undefined) return false
  return status === 429 || status === 503 || TURNED_AWAY.has(call.class)
}

function isForeign({ evidence: { status, parsed, rpcCode } }: Call): boolean {
  return status === 503 && (parsed === false || rpcCode === undefined)
}

function guidanceFlaw(call: Call, { manifest }: History, agreeMs: number): string | undefined {
  const { evidence } = call
  if (call.by === 'inferred' && bodyWaitMs(evidence) === undefined) return 'told in prose alone'
  const onHttp = evidence.status !== 200
  const answeredAtMs = (manifest.t0Ms ?? 0) + (call.endedAtMs ?? call.sentAtMs)
  const headerMs = headerWaitMs(evidence, answeredAtMs)
  if (onHttp) {
    if (evidence.retryAfter === undefined) return 'without Retry-After'
    if (headerMs === undefined) return 'with a Retry-After that is neither whole seconds nor a date'
    if (headerMs <= 0 && (evidence.date !== undefined || headerMs + wayOfDate(call) <= 0))
      return 'with a Retry-After that has already passed'
    if (!isJson(evidence.contentType) || evidence.parsed === false) return 'without a body in JSON-RPC'
  }
  const bodyMs = bodyWaitMs(evidence) ?? unitless(evidence.data?.retryAfter, headerMs, agreeMs)
  if (bodyMs === undefined || bodyMs <= 0) return 'without data.retryAfterMs'
  if (headerMs !== undefined && Math.abs(headerMs - bodyMs) > agreeMs + wayOfDate(call)) return 'whose header and body disagree'
  return hasOwnId(call) ? undefined : "without the call's id"
}

/** In the unit in which it agrees with the header; undefined where there is none. */
function unitless(told: unknown, headerMs: number | undefined, agreeMs: number): number | undefined {
  if (typeof told !== 'number' || headerMs === undefined) return undefined
  return [told * 1_000, told].find((ms) => Math.abs(ms - headerMs) <= agreeMs)
}

/** A date is a moment, not a wait: what the answer took on its way shortens it. Between two dates of the server lie whole seconds. */
function wayOfDate({ evidence: { retryAfter = '', date }, sentAtMs, endedAtMs = sentAtMs }: Call): number {
  if (!isHttpDate(retryAfter)) return 0
  return endedAtMs - sentAtMs + (date === undefined ? 0 : 1_000)
}

function isJson(contentType = ''): boolean {
  return /^application\/([\w.+-]+\+)?json\b/i.test(contentType.trim())
}

/**
 * What the status tells may come before the body was read (draining, a guard in front): for an id that is not known JSON-RPC has null, and
 * MCP's own schema leaves it away.
 */
function hasOwnId({ call, evidence: { rpcId = null, status } }: Call): boolean {
  return rpcId === call || (rpcId === null && status !== 200)
}
