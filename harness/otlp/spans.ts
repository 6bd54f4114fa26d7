// The generator's lines → spans: a call's own id is the one that its request carried in `traceparent`, so the server's spans hang below it;
// above it stand the agent's turn and its task, which is the trace's root. A call's span is told when it ends; a turn's when the next one
// of its task begins; a task's when its agent's next one has begun and nothing of it is open, or at the end.
// Bounded: of calls under way and of tasks, the oldest are given up (and counted) beyond 50,000.
// Not modelled: what a task cost in tokens; the model's own spans, which nobody has.
import { classify } from '../history/classify.ts'
import type { Call } from '../history/event.ts'
import type { EndLine, LoadLine, SendLine } from '../history/load-line.ts'
import { eightHexDigits } from '../load/trace.ts'
import { attributes, nano, type OtlpSpan } from './encoding.ts'

const OPEN_MAX = 50_000

interface OpenTask {
  trace: string
  agent: string
  task: string
  fromMs: number
  toMs: number
  failed: number
  calls: number
  open: number
  turns: Map<number, { fromMs: number; toMs: number; open: number }>
}

/** A call that has ended, for whoever counts. */
export interface Ended {
  send: SendLine
  durationMs: number
  outcome: Call['outcome']
  class: Call['class']
}

export class Spans {
  /** Given up, for want of room. */
  lost = 0
  readonly #errors: Record<string, string>
  readonly #tasks = new Map<string, OpenTask>()
  readonly #sends = new Map<string, SendLine>()
  readonly #told: (ended: Ended) => void

  constructor(errors: Record<string, string>, told: (ended: Ended) => void = () => undefined) {
    this.#errors = errors
    this.#told = told
  }

  get underWay(): number {
    return this.#sends.size
  }

  /** @param t0Ms of the file's generator, wall clock. @returns what has become whole */
  take(line: LoadLine, t0Ms: number): OtlpSpan[] {
    if (line.kind === 'send') return this.#sent(line, t0Ms)
    if (line.kind === 'end') return this.#ended(line, t0Ms)
    return line.kind === 'stop' ? this.#closeTasks((task) => task.agent === line.agent) : []
  }

  /** All that is left; calls without an end have none here either. */
  finish(): OtlpSpan[] {
    this.lost += this.#sends.size
    return this.#closeTasks(() => true)
  }

  #sent(send: SendLine, t0Ms: number): OtlpSpan[] {
    const atMs = t0Ms + send.sentAtMs
    const key = `${send.agent}/${send.task}`
    const done: OtlpSpan[] = []
    let task = this.#tasks.get(key)
    if (!task) {
      // Tasks of one agent may overlap; those of which nothing is open are over.
      done.push(...this.#closeTasks((one) => one.agent === send.agent && one.open === 0))
      task = {
        trace: send.trace,
        agent: send.agent,
        task: send.task,
        fromMs: atMs,
        toMs: atMs,
        failed: 0,
        calls: 0,
        open: 0,
        turns: new Map(),
      }
      this.#tasks.set(key, task)
      this.#shed(this.#tasks)
    }
    const turn = task.turns.get(send.turn) ?? { fromMs: atMs, toMs: atMs, open: 0 }
    task.turns.set(send.turn, turn)
    task.calls++
    task.open++
    turn.open++
    this.#sends.set(send.call, send)
    this.#shed(this.#sends)
    return done
  }

  #ended(end: EndLine, t0Ms: number): OtlpSpan[] {
    const send = this.#sends.get(end.call)
    if (!send) return []
    this.#sends.delete(end.call)
    const is = classify({ call: end.call, evidence: end, ended: true, role: send.role, tool: send.tool, errors: this.#errors })
    this.#told({ send, durationMs: end.endedAtMs - send.sentAtMs, outcome: is.outcome, class: is.class })
    const task = this.#tasks.get(`${send.agent}/${send.task}`)
    const toMs = t0Ms + end.endedAtMs
    if (task) {
      task.open--
      task.toMs = Math.max(task.toMs, toMs)
      if (is.outcome !== 'ok') task.failed++
      const turn = task.turns.get(send.turn)
      if (turn) {
        turn.open--
        turn.toMs = Math.max(turn.toMs, toMs)
      }
    }
    return [callSpan(send, end, is, t0Ms)]
  }

  #closeTasks(which: (task: OpenTask) => boolean): OtlpSpan[] {
    const done: OtlpSpan[] = []
    for (const [key, task] of this.#tasks) {
      if (!which(task)) continue
      this.#tasks.delete(key)
      done.push(...taskSpans(task))
    }
    return done
  }

  #shed(map: Map<string, unknown>): void {
    if (map.size <= OPEN_MAX) return
    const [oldest] = map.keys()
    if (oldest !== undefined) map.delete(oldest)
    this.lost++
  }
}

function callSpan(send: SendLine, end: EndLine, is: { outcome: string; class: string }, t0Ms: number): OtlpSpan {
  const { status, transport, retryAfter, rpcCode, sizeBytes, instance, replayed } = end
  return {
    traceId: send.trace,
    spanId: spanOf(send),
    parentSpanId: turnSpanId(send.trace, send.turn),
    name: send.role === 'handshake' ? send.tool : `tools/call ${send.tool}`,
    kind: 3,
    startTimeUnixNano: nano(t0Ms + send.sentAtMs),
    endTimeUnixNano: nano(t0Ms + end.endedAtMs),
    attributes: attributes({
      ...{ 'gen_ai.tool.name': send.tool, 'http.response.status_code': status, 'mcp.request.id': send.call, 'error.type': transport },
      ...{ 'stampede.agent': send.agent, 'stampede.role': send.role, 'stampede.attempt': send.attempt, 'stampede.outcome': is.outcome },
      ...{ 'stampede.class': is.class, 'stampede.late_ms': send.sentAtMs - send.plannedAtMs, 'stampede.retry_after': retryAfter },
      ...{
        'rpc.jsonrpc.error_code': rpcCode,
        'stampede.size_bytes': sizeBytes,
        'stampede.instance': instance,
        'stampede.replayed': replayed,
      },
    }),
    ...(is.outcome !== 'ok' && { status: { code: 2, message: is.class } }),
  }
}

/** As the request carried it: half of the trace's id, and the number at the end of the call's. */
function spanOf({ call, trace }: SendLine): string {
  const [, number = '0', cancel] = /-(\d+)(-cancel)?$/.exec(call) ?? []
  const digits = eightHexDigits(Number(number))
  return `${trace.slice(0, 8)}${cancel === undefined ? digits : `8${digits.slice(1)}`}`
}

function turnSpanId(trace: string, turn: number): string {
  return `${trace.slice(0, 8)}e${eightHexDigits(turn).slice(1)}`
}

function taskSpanId(trace: string): string {
  return `${trace.slice(0, 8)}f0000000`
}

function taskSpans({ trace, agent, task, fromMs, toMs, failed, calls, turns }: OpenTask): OtlpSpan[] {
  const own = attributes({ 'stampede.agent': agent, 'stampede.task': task, 'stampede.calls': calls, 'stampede.calls_failed': failed })
  const root: OtlpSpan = {
    ...{ traceId: trace, spanId: taskSpanId(trace), name: `task of ${agent.replace(/-\d+$/, '')}`, kind: 1, attributes: own },
    startTimeUnixNano: nano(fromMs),
    endTimeUnixNano: nano(toMs),
  }
  const below = [...turns].map(
    ([turn, span]): OtlpSpan => ({
      ...{
        traceId: trace,
        spanId: turnSpanId(trace, turn),
        parentSpanId: root.spanId,
        name: turn === 0 ? 'handshake' : `turn ${turn}`,
        kind: 1,
      },
      startTimeUnixNano: nano(span.fromMs),
      endTimeUnixNano: nano(span.toMs),
      attributes: attributes({ 'stampede.agent': agent, 'stampede.turn': turn }),
    }),
  )
  return [root, ...below]
}
