// What a span has to do with a call: an agent's calls each send a span id of their own in the trace
// of their task, so the server's span of a call is the one whose parent that is; and what a span below it asked. Pure.
import type { Call } from './event.ts'
import type { SpanLine } from './raw-line.ts'

/** The span id that the agent's call sent as its own: `traceparent` names it, and the server's span has it as parent. */
export function agentSpanOf({ call, trace }: Pick<Call, 'call' | 'trace'>): string | undefined {
  const number = /-(\d+)$/.exec(call)?.[1]
  return number === undefined ? undefined : `${trace.slice(0, 8)}${Number(number).toString(16).padStart(8, '0')}`
}

/** Is this one of the traces that the collector kept? @param oneIn `manifest.spans.oneIn`, a power of two */
export function isKept(trace: string, oneIn: number): boolean {
  return Number.parseInt(trace.slice(-8), 16) % oneIn === 0
}

/** Redis is none that anybody's rows are in. */
export function isDatabase(span: SpanLine): boolean {
  const system = systemOf(span)
  return (span.role === 'client' || span.role === 'internal') && system !== undefined && system !== 'redis'
}

export function isUpstream(span: SpanLine): boolean {
  return span.role === 'client' && systemOf(span) === undefined
}

/** By the conventions for databases, old and new. */
function systemOf({ attributes }: SpanLine): unknown {
  return attributes['db.system.name'] ?? attributes['db.system']
}
