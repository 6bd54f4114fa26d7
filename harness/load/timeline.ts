// One agent follows its timeline: waits for each planned moment, starts the task, lets tasks that overlap run side by side,
// and writes a line when a call leaves and one when it ends. Pure but for the four verbs of the engine that it is given, so
// the same code runs inside k6 and, in its test, on a clock of the test's own.
//
// Every line of the agent carries the next `seq`, which proves that none is missing. Planned moments: a task's first turn, the
// task's own; later turns, the end of the turn before plus the think time; asking again, the end of the wait before it.
// After the plan's end nothing is sent: tasks stay where they are, answers under way are awaited, then the stop line is written.
import type { LoadLine } from '../history/event.ts'
import type { Agent, Answer, CallOptions, PersonaDefinition } from '../persona.ts'
import { hash32 } from '../plan/draw.ts'
import type { Plan, PlannedAgent, PlannedCall, PlannedTask } from '../plan/plan.ts'
import { answerOf } from './answer.ts'
import { evidenceOf, type RawAnswer } from './evidence.ts'
import { toolCallRequest, type WireRequest } from './request.ts'

export interface Engine {
  /** Wall-clock ms. */
  nowMs(): number
  wait(ms: number): Promise<void>
  /** Never rejects: what went wrong is in the answer. */
  post(request: WireRequest, timeoutMs: number): Promise<RawAnswer>
  write(line: LoadLine): void
}

export interface RunFacts {
  run: string
  seed: number
  /** Wall-clock ms of the run's start. */
  t0Ms: number
  roles: Plan['roles']
  endsAtMs: number
  patienceMs: number
  /** The agent's own: its token, and `Host` where it must differ from the address. */
  headers: Record<string, string>
  instanceHeader?: string
}

/** An answer knows under which id its call went out, so that asking again can name it. */
interface SentAnswer extends Answer {
  id: string
}

/** Resolves after the agent's stop line: at the plan's end, or when its calls under way then are answered. */
export function followTimeline(planned: PlannedAgent, persona: PersonaDefinition, facts: RunFacts, engine: Engine): Promise<void> {
  return new Follower(planned, persona, facts, engine).follow()
}

class Follower {
  readonly #planned: PlannedAgent
  readonly #persona: PersonaDefinition
  readonly #facts: RunFacts
  readonly #engine: Engine
  #seq = 0
  #underWay = 0
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
    for (const task of tasks) {
      await this.#engine.wait(task.atMs - this.now())
      if (this.isOver()) break
      running.push(this.#runTask(task))
    }
    const over = this.#engine.wait(this.#facts.endsAtMs - this.now())
    await Promise.race([Promise.all(running), over])
    await this.#quiet()
    this.#stopped = true
    this.#engine.write({ kind: 'stop', seq: this.#next(), agent, tasksStarted: running.length, atMs: this.now() })
  }

  async #runTask(task: PlannedTask): Promise<void> {
    try {
      await this.#persona.act(new TaskClient(this, task, this.#facts, this.#engine), task, this.#planned.parameters)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? String(error)) : String(error)
      this.#engine.write({ kind: 'crash', seq: this.#next(), agent: this.#planned.agent, task: task.task, text })
    }
  }

  now(): number {
    return this.#engine.nowMs() - this.#facts.t0Ms
  }

  /** Nothing is sent any more. */
  isOver(): boolean {
    return this.#stopped || this.now() >= this.#facts.endsAtMs
  }

  get agent(): string {
    return this.#planned.agent
  }

  /** Sends one call and resolves to its answer. */
  async send(out: Outgoing): Promise<SentAnswer> {
    const { call, id, attempt, parent, timeoutMs } = out
    const { run, roles, headers, instanceHeader } = this.#facts
    const role = roles[call.role]
    if (!role) throw new Error(`the plan has no role ${call.role}`)
    const key = call.key === undefined ? undefined : `${run}.${call.key}`
    const trace = hex(`${run}/${this.#planned.agent}/${out.task}`, 4)
    const request = toolCallRequest(
      { call: id, role, arguments: call.arguments, ...(key !== undefined && { key }), trace, span: hex(id, 2) },
      headers,
    )
    this.#engine.write({
      kind: 'send',
      seq: this.#next(),
      call: id,
      agent: this.#planned.agent,
      task: out.task,
      turn: call.turn,
      attempt,
      ...(parent !== undefined && { parent }),
      role: call.role,
      tool: role.tool,
      plannedAtMs: out.plannedAtMs,
      sentAtMs: this.now(),
      timeoutMs,
      ...(key !== undefined && { key }),
      trace,
    })
    this.#underWay++
    const raw = await this.#engine.post(request, timeoutMs)
    const endedAtMs = this.now()
    const question = {
      arguments: call.arguments,
      correct: role.correct,
      keyed: key !== undefined,
      ...(instanceHeader !== undefined && { instanceHeader }),
    }
    const evidence = evidenceOf(raw, question)
    this.#engine.write({ kind: 'end', seq: this.#next(), call: id, agent: this.#planned.agent, endedAtMs, ...evidence })
    this.#underWay--
    if (this.#underWay === 0) this.#whenQuiet?.()
    return { ...answerOf(call, attempt, evidence, this.#engine.nowMs()), id }
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

interface Outgoing {
  call: PlannedCall
  task: string
  id: string
  attempt: number
  parent?: string
  plannedAtMs: number
  timeoutMs: number
}

/** The agent as one of its tasks sees it. */
class TaskClient implements Agent {
  readonly #follower: Follower
  readonly #task: PlannedTask
  readonly #facts: RunFacts
  readonly #engine: Engine
  #calls = 0
  /** Planned moment of whatever is sent next. */
  #plannedAtMs: number

  constructor(follower: Follower, task: PlannedTask, facts: RunFacts, engine: Engine) {
    this.#follower = follower
    this.#task = task
    this.#facts = facts
    this.#engine = engine
    this.#plannedAtMs = task.atMs
  }

  now(): number {
    return this.#follower.now()
  }

  call(call: PlannedCall, options?: CallOptions): Promise<Answer> {
    return this.#send(call, 1, undefined, options)
  }

  again(answer: Answer, options?: CallOptions): Promise<Answer> {
    return this.#send(answer.call, answer.attempt + 1, (answer as SentAnswer).id, options)
  }

  async think(ms: number): Promise<void> {
    if (ms <= 0) return
    const untilMs = this.#plannedAtMs + ms
    await this.#engine.wait(untilMs - this.now())
    if (this.#follower.isOver()) return never()
    // Set as the wait ends, not before: loops of one task think side by side.
    this.#plannedAtMs = untilMs
  }

  chance(task: PlannedTask, turn: number, attempt: number): number {
    return hash32(`${this.#facts.seed}/${this.#follower.agent}/${task.task}/${turn}/${attempt}`) / 4_294_967_296
  }

  async #send(
    call: PlannedCall,
    attempt: number,
    parent: string | undefined,
    { timeoutMs = this.#facts.patienceMs }: CallOptions = {},
  ): Promise<Answer> {
    if (this.#follower.isOver()) return never()
    this.#calls++
    const answer = await this.#follower.send({
      call,
      task: this.#task.task,
      id: `${this.#facts.run}-${this.#follower.agent}-${this.#task.task}-${this.#calls}`,
      attempt,
      ...(parent !== undefined && { parent }),
      plannedAtMs: this.#plannedAtMs,
      timeoutMs: Math.min(timeoutMs, this.#facts.patienceMs),
    })
    // The end of a turn is the end of its last call.
    this.#plannedAtMs = Math.max(this.#plannedAtMs, this.now())
    return answer
  }
}

/** A task that the plan's end overtook stays where it is: a rejection could be caught, and tried again for ever. */
function never(): Promise<never> {
  return new Promise<never>(() => undefined)
}

/** Eight hex digits for each word. */
function hex(name: string, words: number): string {
  let digits = ''
  for (let word = 0; word < words; word++) digits += hash32(`${name}#${word}`).toString(16).padStart(8, '0')
  return digits
}
