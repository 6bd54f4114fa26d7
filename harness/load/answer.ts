// What an agent's client makes of an answer: just enough for the persona to decide what it does next. Judging happens later,
// in Node, from the same evidence. Pure; runs inside k6.
// Source: no MCP revision defines a rate-limit error, so servers refuse in three ways: an HTTP status, a JSON-RPC error, or a
// tool result; each may name its wait (RFC 9110 §10.2.3 for the header; `retryAfterMs` in the data).
import type { Evidence } from '../history/load-line.ts'
import { bodyWaitMs, headerWaitMs } from '../history/wait.ts'
import type { Answer } from '../persona.ts'
import type { PlannedCall } from '../plan/plan.ts'

/** Before anything was sent: known not to have happened. */
const NEVER_SENT: readonly Evidence['transport'][] = ['refused', 'dns', 'tls']

/** @param nowMs wall-clock ms, for waits that are given as a date */
export function answerOf(call: PlannedCall, attempt: number, evidence: Evidence, nowMs: number): Answer {
  const { status, transport, parsed, rpcCode, isError, retryAfter, data } = evidence
  // Most are; nothing else need be looked at.
  if (status === 200 && isError === false && retryAfter === undefined && data === undefined)
    return { call, attempt, ok: parsed === true, lost: false, refused: false, status }
  const inBodyMs = bodyWaitMs(evidence)
  const toldMs = inBodyMs ?? headerWaitMs(evidence, nowMs)
  const refusedInside = (isError === true || rpcCode !== undefined) && inBodyMs !== undefined
  const answer: Answer = {
    call,
    attempt,
    ok: status === 200 && parsed === true && isError === false,
    lost: transport !== undefined && !NEVER_SENT.includes(transport),
    refused: status === 429 || status === 503 || refusedInside,
    status,
  }
  if (toldMs !== undefined) answer.retryAfterMs = Math.max(0, toldMs)
  return answer
}
