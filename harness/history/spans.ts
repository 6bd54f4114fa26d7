// What a span has to do with a call: an agent's calls each send a span id of their own in the trace
// of their task, so the server's span of a call is the one whose parent that is. Pure.
import type { Call } from './event.ts'

/** The span id that the agent's call sent as its own: `traceparent` names it, and the server's span has it as parent. */
export function agentSpanOf({ call, trace }: Pick<Call, 'call' | 'trace'>): string | undefined {
  const number = /-(\d+)$/.exec(call)?.[1]
  return number === undefined ? undefined : `${trace.slice(0, 8)}${Number(number).toString(16).padStart(8, '0')}`
}

/** Is this one of the traces that the collector kept? @param oneIn `manifest.spans.oneIn`, a power of two */
export function isKept(trace: string, oneIn: number): boolean {
  return Number.parseInt(trace.slice(-8), 16) % oneIn === 0
}
