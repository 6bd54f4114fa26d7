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
import { plainRequest, toolCallRequest, type WireRequest } from './request.ts'
import { type Outgoing, type Sender, type SentAnswer, TaskClient } from './task-client.ts'
import { traces } from './trace.ts'

const TEXT_CHARACTERS_MAX = 4_000

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
      await this.#persona.act(new TaskClient(this, task, trace, this.#facts, this.#engine), task, this.#planned.parameters)
    } catch (error) {
      const text = error instanceof Error ? `${error}\n${error.stack ?? ''}` : String(error)
      this.#engine.write({ kind: 'crash', seq: this.#next(), agent: this.agent, task: task.task, text: text.slice(0, TEXT_CHARACTERS_MAX) })
    }
  }

  now(): number {
    return this.#engine.nowMs() - this.#facts.t0Ms
  }

  isOver(): boolean {
    return this.#stopped || this.now() >= this.#facts.endsAtMs
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
    const request = toolCallRequest(
      { call: id, role, arguments: call.arguments, ...(key !== undefined && { key }), trace: out.trace, span: out.span },
      credential === undefined ? headers : (credentials?.[credential] ?? {}),
    )
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
    const leadsTo = role.leadsTo && raw && leadsOf(raw, role.leadsTo, call.arguments)
    return { ...answerOf(call, attempt, evidence, this.#engine.nowMs()), ...(leadsTo && { leadsTo }), id, endedAtMs }
  }

  async shake(method: string, out: Omit<Outgoing, 'call' | 'attempt' | 'parent'>): Promise<SentAnswer> {
    const request = plainRequest({ call: out.id, method, trace: out.trace, span: out.span }, this.#facts.headers)
    const line = { turn: 0, attempt: 1, role: 'handshake' as const, tool: method }
    const { evidence, endedAtMs } = await this.#exchange(out, line, request, { arguments: {}, correct: [], keyed: false })
    // A handshake is no planned call: its answer says only how it went.
    const call = { turn: 0, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
    return { ...answerOf(call, 1, evidence, this.#engine.nowMs()), id: out.id, endedAtMs }
  }

  /** One line when it leaves, one when it ends. */
  async #exchange(out: Omit<Outgoing, 'call' | 'attempt'>, line: LineOfCall, request: WireRequest, asked: Question): Promise<Exchanged> {
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
      const raw = await this.#engine.post(request, timeoutMs)
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
