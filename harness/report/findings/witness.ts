// One call whole, for who has to find out why it went so: what was sent, what came back, its other attempts, its trace, and what the
// server's log says of it. Bounds: 12 spans, 5 other attempts, 4 log lines.
// Not modelled: what exchange.ts cannot know (credentials, bodies of results that are no errors).
import type { CallLogs, LoggedLine } from '../../history/call-log.ts'
import type { Call } from '../../history/event.ts'
import { faultsOf } from '../../history/faults.ts'
import type { History } from '../../history/history.ts'
import type { SpanLine } from '../../history/raw-line.ts'
import { agentSpanOf } from '../../history/spans.ts'
import { spansOfTrace } from '../call-trace.ts'
import { answerOf, attemptsOf, type SentRequest, sentRequest } from '../exchange.ts'
import { taskOf } from '../tasks.ts'

export interface Witness {
  call: string
  agent: string
  tenant: string
  /** Part of the stress, not of the measured. */
  stressing: boolean
  role: string
  phase: string
  /** Ms since the run's start. */
  plannedAtMs: number
  sentAtMs: number
  tookMs?: number
  /** Relative to the fault in force then, or the one before. */
  fault?: string
  /** How long the client waits, ms. */
  timeoutMs: number
  request: SentRequest
  answer: ReturnType<typeof answerOf> & { sizeBytes?: number; rightByRole?: boolean }
  class: string
  good: boolean
  /** No witness itself: let in while one waited in a line for what both need, and longest inside. */
  beside?: true
  /** The other attempts at the same thing. */
  attempts: { call: string; attempt: number; sentAtMs: number; tookMs?: number; answer: string; class: string }[]
  trace: { id: string; spans: TraceSpan[] }
  log: readonly LoggedLine[]
}

export interface TraceSpan {
  depth: number
  name: string
  /** Since the call was sent. */
  fromMs: number
  tookMs: number
  attributes: SpanLine['attributes']
}

const SPANS_MAX = 12
const ATTEMPTS_MAX = 5
const LINES_MAX = 4

export function witnessOf(history: History, call: Call, logs: CallLogs): Witness {
  const task = taskOf(history.calls, call)
  const { plannedAtMs, sentAtMs, endedAtMs, evidence } = call
  const fault = faultBeside(history, call)
  return {
    call: call.call,
    agent: call.agent,
    tenant: call.tenant,
    stressing: call.hostile,
    role: call.role,
    phase: call.phase,
    plannedAtMs,
    sentAtMs,
    ...(endedAtMs !== undefined && { tookMs: endedAtMs - sentAtMs }),
    ...(fault !== undefined && { fault }),
    timeoutMs: call.timeoutMs,
    request: sentRequest(history, call, task),
    answer: {
      ...answerOf(call),
      ...(evidence.sizeBytes !== undefined && { sizeBytes: evidence.sizeBytes }),
      ...(evidence.correct !== undefined && { rightByRole: evidence.correct }),
    },
    class: call.class,
    good: call.good,
    attempts: attemptsBeside(call, task),
    trace: { id: call.trace, spans: spansOf(history, call) },
    log: (logs.get(call.call) ?? []).slice(0, LINES_MAX),
  }
}

function attemptsBeside(call: Call, task: readonly Call[]): Witness['attempts'] {
  return attemptsOf(call, task)
    .filter((one) => one !== call)
    .slice(0, ATTEMPTS_MAX)
    .map(({ call: id, attempt, sentAtMs, endedAtMs, evidence, class: is }) => ({
      call: id,
      attempt,
      sentAtMs,
      ...(endedAtMs !== undefined && { tookMs: endedAtMs - sentAtMs }),
      answer: evidence.status === 0 ? (evidence.transport ?? 'none') : String(evidence.status),
      class: is,
    }))
}

/** `0.6 s into postgres-refused`, `1.2 s after postgres-refused was healed`. */
function faultBeside(history: History, { sentAtMs }: Call): string | undefined {
  const begun = faultsOf(history).filter(({ fromMs, lines }) => lines.length > 0 && fromMs <= sentAtMs)
  const last = begun.toSorted((a, b) => b.fromMs - a.fromMs)[0]
  if (!last) return undefined
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  if (sentAtMs <= last.toMs) return `${seconds(sentAtMs - last.fromMs)} into ${last.fault}`
  return `${seconds(sentAtMs - last.toMs)} after the healing of ${last.fault} began`
}

/** The call's own part of its task's trace: what lies below the span that the agent sent. */
export function spansOf(history: History, call: Call): TraceSpan[] {
  const { trace, sentAtMs, endedAtMs } = call
  const own = spansOfTrace(history, trace)
  if (own.length === 0) return []
  const below = Map.groupBy(own, ({ parent }) => parent)
  const tree: TraceSpan[] = []
  const walk = (parent: string, depth: number): void => {
    for (const span of below.get(parent) ?? []) {
      if (tree.length >= SPANS_MAX) return
      tree.push(shown(span, depth, sentAtMs))
      walk(span.span, depth + 1)
    }
  }
  walk(agentSpanOf(call) ?? '', 0)
  if (tree.length > 0) return tree
  const then = own.filter(({ atMs }) => atMs >= sentAtMs - 5 && atMs <= (endedAtMs ?? Number.POSITIVE_INFINITY))
  return then.slice(0, SPANS_MAX).map((span) => shown(span, 0, sentAtMs))
}

function shown({ name, atMs, endedAtMs, attributes }: SpanLine, depth: number, sinceMs: number): TraceSpan {
  return { depth, name, fromMs: atMs - sinceMs, tookMs: endedAtMs - atMs, attributes }
}
