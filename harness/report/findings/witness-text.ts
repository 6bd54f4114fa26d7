// One witness as findings.md tells it: a sentence of who and when, then a fence with the request, the answer, the other attempts, the trace
// and the server's log lines, one line each, cut to `longest` characters. What an earlier line has said is left out of a log line.
import { duration, moment, size } from '../figures.ts'
import { plain, short } from '../plain.ts'
import { code, fenced } from './quote.ts'
import type { Witness } from './witness.ts'

export function witnessText(witness: Witness, longest: number): string {
  const { phase, plannedAtMs, sentAtMs, fault } = witness
  const what = witness.beside ? 'Let in meanwhile, and longest inside,' : 'Witness'
  const who = `${witness.stressing ? 'stressing' : 'measured'} agent ${short(witness.agent, 40)} of ${short(witness.tenant, 24)}`
  const late = sentAtMs - plannedAtMs >= 50 ? `, planned at ${moment(plannedAtMs)} s` : ''
  const beside = fault === undefined ? '' : `, ${plain(fault, 80)}`
  const end = `ended as ${witness.class}${witness.good ? ', good' : ''}`
  return [
    `${what} ${code(witness.call, 80)}: ${who}, ${witness.role}, ${phase} at ${moment(sentAtMs)} s${late}${beside}; ${end}`,
    fenced(
      [
        `→ ${requestText(witness)}`,
        `← ${answerText(witness)}`,
        ...attemptLines(witness),
        ...traceLines(witness),
        ...witness.log.map(({ where, text }) => `${where} ${withoutKnown(text)}`),
      ].map((line) => plain(line, longest)),
    ),
  ].join('\n')
}

function requestText({ request, timeoutMs }: Witness): string {
  const { method, params } = request.body as { method: string; params?: { name?: string; arguments?: unknown } }
  const given = params?.arguments === undefined ? '' : ` ${JSON.stringify(params.arguments)}`
  const lacking = request.lacking === undefined ? '' : ` [arguments not known: ${request.lacking}]`
  return `${method} ${params?.name ?? ''}${given}${lacking} (its client waits ${duration(timeoutMs)})`
}

function answerText({ answer, tookMs }: Witness): string {
  const after = tookMs === undefined ? '' : ` after ${duration(Math.round(tookMs * 10) / 10)}`
  const [status = '', ...headers] = answer.head.filter((line) => !/^Content-Type: application\/json/i.test(line))
  const { error, result } = (answer.body ?? {}) as { error?: unknown; result?: unknown }
  const body = error ?? result
  const rest = [
    ...headers,
    answer.sizeBytes === undefined ? '' : size(answer.sizeBytes),
    answer.rightByRole === false ? 'WRONG by the rules of its role' : '',
    answer.body === undefined ? (answer.unrecorded ?? '') : JSON.stringify(body),
  ]
  return [`${status}${after}`, ...rest.filter(Boolean)].join('; ')
}

function attemptLines({ attempts, sentAtMs }: Witness): string[] {
  return attempts.map((other) => {
    const took = other.tookMs === undefined ? '' : ` after ${duration(Math.round(other.tookMs))}`
    return `${other.sentAtMs > sentAtMs ? 'then' : 'before'} attempt ${other.attempt} at ${moment(other.sentAtMs)} s: ${other.answer} ${other.class}${took}`
  })
}

function traceLines({ trace }: Witness): string[] {
  if (trace.spans.length === 0) return [`trace ${trace.id}`]
  return trace.spans.map(({ depth, name, fromMs, tookMs, attributes }) => {
    const told = telling(attributes)
    return `trace ${'  '.repeat(depth)}${name} from ${duration(Math.round(fromMs))} for ${duration(Math.round(tookMs * 10) / 10)}${told}`
  })
}

/** What the call's other lines have already said is left out of the server's line. */
const KNOWN = new Set([
  'level',
  'msg',
  'request_id',
  'requestId',
  'trace_id',
  'method',
  'tool_name',
  'key_id',
  'auth_pattern',
  'argument_hash',
  'argument_names',
  'argument_bytes',
  'input_token_estimate',
  'tenant',
  'agent_id',
  'instance',
])

function withoutKnown(line: string): string {
  return without(line, KNOWN)
}

/** A line of the server's about itself. */
export function ownLine(line: string): string {
  return without(line, new Set(['level']))
}

function without(line: string, known: ReadonlySet<string>): string {
  try {
    return JSON.stringify(
      Object.fromEntries(Object.entries(JSON.parse(line) as Record<string, unknown>).filter(([name]) => !known.has(name))),
    )
  } catch {
    return line
  }
}

/** Attributes that say how it went, not what it was. */
function telling(attributes: Record<string, unknown>): string {
  const told = Object.entries(attributes).filter(([name]) => /error|status|wait|queue|retry|breaker/i.test(name))
  const rounded = told.slice(0, 5).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value * 10) / 10 : value])
  return told.length === 0 ? '' : ` ${JSON.stringify(Object.fromEntries(rounded))}`
}
