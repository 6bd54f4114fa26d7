// One call as it went over the wire, as far as the run's files tell: what was sent is put together again from the plan and the send line,
// what came back is the evidence of the end line. Pure; the page and the findings show it.
// Not recorded, and so not shown: the agent's own headers (they hold its credentials), arguments that an earlier answer led to, and the
// body of a result (its size and its hash are).
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { agentSpanOf } from '../history/spans.ts'
import type { PlannedCall } from '../plan/plan.ts'

export interface SentRequest {
  /** `POST http://…`. */
  line: string
  headers: [name: string, value: string][]
  /** JSON-RPC message; `arguments` is absent from it when they are not known. */
  body: Record<string, unknown>
  /** Why the arguments are not there. */
  lacking?: string
}

/** @param task all calls of the call's task, in the order in which they were sent */
export function sentRequest(history: History, call: Call, task: readonly Call[]): SentRequest {
  const { manifest } = history
  const stateless = manifest.protocol === '2026-07-28'
  const traceparent = `00-${call.trace}-${agentSpanOf(call) ?? ''}-01`
  const method = call.role === 'handshake' ? call.tool : 'tools/call'
  const meta = { traceparent }
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Accept', 'application/json, text/event-stream'],
    ['MCP-Protocol-Version', manifest.protocol],
    ...(stateless ? [['Mcp-Method', method] as [string, string]] : []),
    ...(stateless && call.role !== 'handshake' ? [['Mcp-Name', call.tool] as [string, string]] : []),
    ['X-Request-Id', call.call],
    ['traceparent', traceparent],
  ]
  const line = `POST ${manifest.url}`
  if (call.role === 'handshake') return { line, headers, body: { jsonrpc: '2.0', id: call.call, method, params: { _meta: meta } } }
  const place = history.plan.roles[call.role]?.idempotencyKey
  const planned = call.altered ? undefined : plannedCall(history, firstOf(call, task), task)
  const keyed = call.key !== undefined && place !== undefined && 'argument' in place ? { [place.argument]: call.key } : {}
  const keyMeta = call.key !== undefined && place !== undefined && 'meta' in place ? { [place.meta]: call.key } : {}
  const given = planned && { arguments: { ...planned.arguments, ...keyed } }
  const params = { name: call.tool, ...given, _meta: { ...meta, ...keyMeta } }
  return {
    line,
    headers,
    body: { jsonrpc: '2.0', id: call.call, method, params },
    ...(!planned && {
      lacking: call.altered
        ? 'other arguments than the first attempt’s, under the same key'
        : 'the plan does not have them, since an earlier answer led to them',
    }),
  }
}

/** Calls of a task are numbered in the order in which they were made: `…-t3-7` is the seventh. */
function numberOf({ call }: Pick<Call, 'call'>): number {
  return Number(/-(\d+)$/.exec(call)?.[1] ?? 0)
}

/** Every attempt at what this call asks for, itself among them, in the order in which they were sent. */
export function attemptsOf(call: Call, task: readonly Call[]): Call[] {
  const attempts = [firstOf(call, task)]
  for (const other of task) {
    if (other.parent !== undefined && attempts.some(({ call }) => call === other.parent)) attempts.push(other)
  }
  return attempts
}

/** Never further back than the task is long: files of somebody else's may go round in circles. */
function firstOf(call: Call, task: readonly Call[]): Call {
  let first = call
  for (let step = 0; first.parent !== undefined && step < task.length; step++) {
    const before = task.find((other) => other.call === first.parent)
    if (!before) break
    first = before
  }
  return first
}

/** What the plan had for a first attempt: by its key, else by its turn and role and, among several, by its place among those sent. */
function plannedCall(history: History, first: Call, task: readonly Call[]): PlannedCall | undefined {
  const agent = history.plan.agents.find(({ agent }) => agent === first.agent)
  const calls = agent?.tasks.find(({ task }) => task === first.task)?.calls ?? []
  const key = first.key?.replace(`${history.manifest.run}.`, '')
  const asPlanned = key === undefined ? undefined : calls.find((planned) => planned.key === key || key.startsWith(`${planned.key}-r`))
  if (asPlanned) return asPlanned
  const fitting = calls.filter((planned) => planned.turn === first.turn && planned.role === first.role)
  if (fitting.length < 2) return fitting[0]
  const like = (other: Call) => other.turn === first.turn && other.role === first.role && other.attempt === 1
  const earlier = task.filter((other) => like(other) && numberOf(other) < numberOf(first)).length
  return fitting[earlier % fitting.length]
}

/** What came back, as far as it was recorded: the head as lines, and what was kept of the body. */
export function answerOf(call: Call): { head: string[]; body?: Record<string, unknown>; unrecorded?: string } {
  const { evidence } = call
  const { status, transport, transportText, contentType, retryAfter, date, rateLimit, rateLimitPolicy, instance } = evidence
  if (status === 0)
    return { head: [transport ? `no answer: ${transport}` : 'no answer until the end', ...(transportText ? [transportText] : [])] }
  const named: [string, string | undefined][] = [
    ['Content-Type', contentType],
    ['Retry-After', retryAfter],
    ['Date', date],
    ['RateLimit', rateLimit],
    ['RateLimit-Policy', rateLimitPolicy],
    ['instance', instance],
  ]
  const head = [`HTTP ${status}`, ...named.flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))]
  if (transport !== undefined) head.push(`then: ${transport}${transportText ? `, ${transportText}` : ''}`)
  const { rpcCode, rpcId, message, data, isError, hash, parsed } = evidence
  const id = rpcId === undefined ? {} : { id: rpcId }
  if (rpcCode !== undefined) return { head, body: { jsonrpc: '2.0', ...id, error: { code: rpcCode, message, data } } }
  if (isError) {
    const content = message === undefined ? undefined : [{ type: 'text', text: message }]
    return { head, body: { jsonrpc: '2.0', ...id, result: { isError, content, structuredContent: data } } }
  }
  if (parsed === false) return { head, unrecorded: `The body is no JSON-RPC message${message ? `: ${message}` : ''}` }
  return {
    head,
    unrecorded: hash === undefined ? 'The result itself is not recorded' : `The result itself is not recorded; its hash is ${hash}`,
  }
}
