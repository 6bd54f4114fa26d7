// One agent follows its timeline: waits for each planned moment, starts the task, lets tasks that overlap run side by side,
// and writes a line when a call leaves and one when it ends. Pure but for the four verbs of the engine that it is given, so
// the same code runs inside k6 and, in its test, on a clock of the test's own.
//
// Every line of the agent carries the next `seq`, which proves that none is missing.
// After the plan's end nothing is sent: tasks stay where they are, answers under way are awaited, then the stop line is written.
import type { Evidence, SendLine } from '../history/event.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { PlannedAgent, PlannedTask } from '../plan/plan.ts'
import { answerOf } from './answer.ts'
import type { Engine, RunFacts } from './engine.ts'
import { evidenceOf, type Question, type RawAnswer } from './evidence.ts'
import { leadsOf } from './leads.ts'
import {
  handshakeRequest,
  isNotification,
  isStateless,
  type Message,
  notification,
  type Speaker,
  toolCallRequest,
  type WireRequest,
} from './request.ts'
import { Session } from './session.ts'
import { type Outgoing, type OutgoingMessage, type Sender, type SentAnswer, TaskClient } from './task-client.ts'
import { traces } from './trace.ts'

const TEXT_CHARACTERS_MAX = 4_000
/** A task of the plan's last milliseconds still leaves, though timers are late by one or two. */
const LAST_LEAVE_MS = 20

/** Resolves after the agent's stop line: at the plan's end, or when its calls under way then are answered. */
export function followTimeline(planned: PlannedAgent, persona: PersonaDefinition, facts: RunFacts, engine: Engine): Promise<void> {
  return new Follower(planned, persona, facts, engine).follow()
}

interface Exchanged {
  /** Absent: it could not be read. */
  raw?: RawAnswer
  evidence: Evidence
  endedAtMs: number
}

type LineOfCall = Omit<SendLine, 'kind' | 'seq' | 'call' | 'agent' | 'task' | 'plannedAtMs' | 'sentAtMs' | 'timeoutMs' | 'trace'>

class Follower implements Sender {
  readonly #planned: PlannedAgent
  readonly #persona: PersonaDefinition
  readonly #facts: RunFacts
  readonly #engine: Engine
  readonly #session: Session
  #seq = 0
  #underWay = 0
  /** Counted apart from the lines, to be held against them. */
  #callsSent = 0
  #stopped = false
  #whenQuiet: (() => void) | undefined

  constructor(planned: PlannedAgent, persona: PersonaDefinition, facts: RunFacts, engine: Engine) {
    this.#planned = planned
    this.#persona = persona
    this.#facts = facts
    this.#engine = engine
    this.#session = new Session(facts.protocol)
  }

  async follow(): Promise<void> {
    const { agent, tasks } = this.#planned
    const running: Promise<void>[] = []
    const trace = traces(this.#facts.run, agent)
    for (const task of tasks) {
      await this.#engine.wait(task.atMs - this.now())
      if (this.isOver()) break
      running.push(this.#runTask(task, trace(running.length + 1)))
    }
    const over = this.#engine.wait(this.#facts.endsAtMs - this.now())
    await Promise.race([Promise.all(running), over])
    await this.#quiet()
    // What a persona makes of its last answer still comes before the stop line.
    await this.#engine.wait(1)
    this.#stopped = true
    const counts = { tasksStarted: running.length, callsSent: this.#callsSent }
    this.#engine.write({ kind: 'stop', seq: this.#next(), agent, ...counts, atMs: this.now() })
  }

  async #runTask(task: PlannedTask, trace: string): Promise<void> {
    try {
      await this.#persona.act(new TaskClient(this, task, trace, this.#session, this.#facts, this.#engine), task, this.#planned.parameters)
    } catch (error) {
      const text = error instanceof Error ? `${error}\n${error.stack ?? ''}` : String(error)
      this.#engine.write({ kind: 'crash', seq: this.#next(), agent: this.agent, task: task.task, text: text.slice(0, TEXT_CHARACTERS_MAX) })
    }
  }

  now(): number {
    return this.#engine.nowMs() - this.#facts.t0Ms
  }

  isOver(): boolean {
    return this.#stopped || this.now() >= this.#facts.endsAtMs + LAST_LEAVE_MS
  }

  get agent(): string {
    return this.#planned.agent
  }

  /** Sends one call and resolves to its answer. */
  async send(out: Outgoing): Promise<SentAnswer> {
    const { call, id, attempt, parent } = out
    const { run, roles, headers, credentials } = this.#facts
    const role = roles[call.role]
    if (!role) throw new Error(`the plan has no role ${call.role}`)
    const { credential } = call
    const key = call.key === undefined ? undefined : `${run}.${call.key}`
    const own = credential === undefined ? headers : (credentials?.[credential] ?? {})
    const message = { ...messageOf(out), role, arguments: call.arguments, ...(key !== undefined && { key }) }
    const request = toolCallRequest(message, this.#speaker(out, own))
    const line = {
      turn: call.turn,
      attempt,
      ...(parent !== undefined && { parent }),
      role: call.role,
      tool: role.tool,
      ...(key !== undefined && { key }),
      ...(credential !== undefined && { credential }),
      ...(out.altered && { altered: true as const }),
    }
    const question = { arguments: call.arguments, correct: role.correct, keyed: key !== undefined }
    const { raw, evidence, endedAtMs } = await this.#exchange(out, line, request, question)
    if (evidence.transport === 'timeout') this.#cancel(out, endedAtMs)
    const leadsTo = role.leadsTo && raw && leadsOf(raw, role.leadsTo, call.arguments)
    return { ...answerOf(call, attempt, evidence, this.#engine.nowMs()), ...(leadsTo && { leadsTo }), id, endedAtMs }
  }

  async shake(method: string, out: OutgoingMessage): Promise<SentAnswer & { session?: string }> {
    const line = { turn: 0, attempt: 1, role: 'handshake' as const, tool: method }
    const request = handshakeRequest(method, messageOf(out), this.#speaker(out))
    const { raw, evidence, endedAtMs } = await this.#exchange(out, line, request, { arguments: {}, correct: [], keyed: false })
    // A handshake is no planned call: its answer says only how it went.
    const call = { turn: 0, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
    const answer = answerOf(call, 1, evidence, this.#engine.nowMs())
    const ok = answer.ok || (isNotification(method) && evidence.status >= 200 && evidence.status < 300)
    const session = raw?.header('mcp-session-id')
    return { ...answer, ok, id: out.id, endedAtMs, ...(session !== undefined && { session }) }
  }

  /** In the eras of sessions a client that gives up says so, and nobody waits for it; in the stateless one it closes the stream. */
  #cancel(given: Outgoing, atMs: number): void {
    if (isStateless(this.#facts.protocol) || this.isOver()) return
    const method = 'notifications/cancelled'
    const out = { ...given, id: `${given.id}-cancel`, span: `${given.span.slice(0, 8)}8${given.span.slice(9)}`, plannedAtMs: atMs }
    const params = { requestId: given.id, reason: `no answer within ${given.timeoutMs} ms` }
    const request = notification({ ...messageOf(out), method, params }, this.#speaker(out))
    const line = { turn: given.call.turn, attempt: 1, role: 'handshake' as const, tool: method }
    void this.#exchange({ ...out, timeoutMs: this.#facts.patienceMs }, line, request, { arguments: {}, correct: [], keyed: false })
  }

  #speaker({ session }: OutgoingMessage, headers = this.#facts.headers): Speaker {
    return { protocol: this.#facts.protocol, headers, ...(session !== undefined && { session }) }
  }

  /** One line when it leaves, one when it ends. */
  async #exchange(out: OutgoingMessage, line: LineOfCall, request: WireRequest, asked: Question): Promise<Exchanged> {
    const { id, task, plannedAtMs, timeoutMs, trace } = out
    const { agent } = this
    const { instanceHeader } = this.#facts
    const sentAtMs = this.now()
    this.#engine.write({ kind: 'send', seq: this.#next(), call: id, agent, task, ...line, plannedAtMs, sentAtMs, timeoutMs, trace })
    this.#underWay++
    try {
      const question = { ...asked, ...(instanceHeader !== undefined && { instanceHeader }) }
      const answered = await this.#ask(request, timeoutMs, question)
      this.#engine.write({ kind: 'end', seq: this.#next(), call: id, agent, endedAtMs: answered.endedAtMs, ...answered.evidence })
      return answered
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#whenQuiet?.()
    }
  }

  /** Never rejects: an answer that cannot be read is told as none, with the reason. */
  async #ask(request: WireRequest, timeoutMs: number, question: Question): Promise<Exchanged> {
    let endedAtMs: number | undefined
    try {
      this.#callsSent++
      const { protocol, patienceMs } = this.#facts
      const raw = await this.#engine.post(request, timeoutMs, isStateless(protocol) ? timeoutMs : patienceMs)
      endedAtMs = this.now()
      return { raw, evidence: evidenceOf(raw, question), endedAtMs }
    } catch (error) {
      const transportText = String(error).slice(0, TEXT_CHARACTERS_MAX)
      return { evidence: { status: 0, transport: 'other', transportText }, endedAtMs: endedAtMs ?? this.now() }
    }
  }

  #next(): number {
    this.#seq++
    return this.#seq
  }

  /** Every call has a timeout, so this ends. */
  #quiet(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenQuiet = resolve
    })
  }
}

function messageOf({ id, trace, span }: OutgoingMessage): Message {
  return { call: id, trace, span }
}
