// The agent as one of its tasks sees it, and the planned moment of each call: a task's first turn, the task's own; later turns, the
// end of the turn before plus the think time; asking again, the end of the wait before it. Calls that run side by side in a task
// (fan-outs, parallel loops) each go on from their own last answer or wait. Pure; runs inside k6.
import type { SendLine } from '../history/load-line.ts'
import type { Agent, Answer, CallOptions } from '../persona.ts'
import { hash32 } from '../plan/draw.ts'
import type { PlannedCall, PlannedTask } from '../plan/plan.ts'
import type { Engine, RunFacts } from './engine.ts'
import { type Listen, Session, type Shake } from './session.ts'
import { eightHexDigits } from './trace.ts'

/** The agent behind all of its tasks. */
export interface Sender {
  readonly agent: string
  /** Ms since the run's start. */
  now(): number
  /** Nothing is sent any more. */
  isOver(): boolean
  send(out: Outgoing, call: PlannedCall, after: After): Promise<SentAnswer>
  /** One message of a handshake: its tool is the method. */
  shake(out: Outgoing): Promise<ShakenAnswer>
  readonly listen: Listen
}

/** An answer knows under which id its call went out, so that asking again can name it. */
export interface SentAnswer extends Answer {
  id: string
  endedAtMs: number
}

/** Is told of an answer before whoever awaits it. */
export type After = (answer: SentAnswer, session: string | undefined) => void

/** With the session's id, when the answer brought one. */
export type ShakenAnswer = SentAnswer & { session?: string }

/** A message on its way: its line, which the sender completes, and what only its request has. One object: each costs a map inside k6. */
export interface Outgoing extends Omit<SendLine, 'kind'> {
  /** 16 hex digits. */
  span: string
  /** The id of the session that it belongs to. */
  session: string | undefined
}

const NOTHING = Promise.resolve()

/** The agent as one of its tasks sees it. */
export class TaskClient implements Agent {
  readonly #sender: Sender
  readonly #task: PlannedTask
  readonly #facts: RunFacts
  readonly #engine: Engine
  readonly #trace: string
  readonly #after: After
  #session: Session
  #own: Session | undefined
  #calls = 0
  /** Planned moment of whatever is sent next. */
  #plannedAtMs: number

  /** @param trace the task's own, 32 hex digits; @param session the agent's, until the task opens one of its own */
  constructor(sender: Sender, task: PlannedTask, trace: string, session: Session, facts: RunFacts, engine: Engine) {
    this.#sender = sender
    this.#task = task
    this.#facts = facts
    this.#engine = engine
    this.#trace = trace
    this.#session = session
    this.#plannedAtMs = task.atMs
    // Here and not where it is declared: k6's engine gets the `this` of such a field wrong.
    this.#after = ({ status, endedAtMs }, session) => {
      // The end of a turn is the end of its last call.
      this.#plannedAtMs = endedAtMs
      if (status === 404) this.#session.lost(session)
    }
  }

  now(): number {
    return this.#sender.now()
  }

  call(call: PlannedCall, options?: CallOptions): Promise<Answer> {
    return this.#send(call, 1, undefined, options)
  }

  again(answer: Answer, options?: CallOptions): Promise<Answer> {
    const call = options?.altered ? { ...answer.call, arguments: options.altered } : answer.call
    return this.#send(call, answer.attempt + 1, (answer as SentAnswer).id || undefined, options)
  }

  async openSession({ timeoutMs }: Pick<CallOptions, 'timeoutMs'> = {}): Promise<Answer> {
    this.leave()
    this.#own = new Session(this.#facts.protocol, this.#sender.listen)
    this.#session = this.#own
    return await this.#session.begin(this.#shake(timeoutMs))
  }

  /** The client that the task began for itself, if it did, is gone. */
  leave(): void {
    this.#own?.leave()
  }

  think(ms: number): Promise<void> {
    return ms <= 0 ? NOTHING : this.#pause(ms)
  }

  async #pause(ms: number): Promise<void> {
    const untilMs = this.#plannedAtMs + ms
    // Not past the plan's end: an open timer would keep the agent from ending.
    await this.#engine.wait(Math.min(untilMs, this.#facts.endsAtMs) - this.now())
    if (untilMs >= this.#facts.endsAtMs || this.#sender.isOver()) return never()
    // Set as the wait ends, not before: loops of one task think side by side.
    this.#plannedAtMs = untilMs
  }

  chance(task: PlannedTask, turn: number, attempt: number): number {
    return hash32(`${this.#facts.seed}/${this.#sender.agent}/${task.task}/${turn}/${attempt}`) / 4_294_967_296
  }

  #send(call: PlannedCall, attempt: number, parent: string | undefined, options: CallOptions = {}): Promise<Answer> {
    return this.#session.isOpen ? this.#make(call, attempt, parent, options) : this.#open(call, attempt, parent, options)
  }

  async #open(call: PlannedCall, attempt: number, parent: string | undefined, options: CallOptions): Promise<Answer> {
    const opened = await this.#session.open(this.#shake(options.timeoutMs))
    // The call could not be made: what came in its way is its answer, and the attempt is still to come.
    if (!opened.ok) return { ...opened, call, attempt: attempt - 1, id: parent ?? '' } as SentAnswer
    this.#plannedAtMs = Math.max(this.#plannedAtMs, opened.endedAtMs)
    return await this.#make(call, attempt, parent, options)
  }

  #make(call: PlannedCall, attempt: number, parent: string | undefined, { timeoutMs, altered }: CallOptions): Promise<Answer> {
    if (this.#sender.isOver()) return never()
    const out = this.#message(timeoutMs, this.#session.id, call.role, '')
    out.turn = call.turn
    out.attempt = attempt
    if (parent !== undefined) out.parent = parent
    if (call.key !== undefined) out.key = `${this.#facts.run}.${call.key}`
    if (call.credential !== undefined) out.credential = call.credential
    if (altered !== undefined) out.altered = true
    return this.#sender.send(out, call, this.#after)
  }

  #shake(timeoutMs: number | undefined): Shake {
    return async (method, session) => {
      if (this.#sender.isOver()) return never()
      const answer = await this.#sender.shake(this.#message(timeoutMs, session, 'handshake', method))
      this.#plannedAtMs = answer.endedAtMs
      return answer
    }
  }

  /** What every call has: an id of its own, its planned moment, its place in the task's trace. */
  #message(timeoutMs: number | undefined, session: string | undefined, role: SendLine['role'], tool: string): Outgoing {
    this.#calls++
    const { run, patienceMs } = this.#facts
    return {
      seq: 0,
      call: `${run}-${this.#sender.agent}-${this.#task.task}-${this.#calls}`,
      agent: this.#sender.agent,
      task: this.#task.task,
      turn: 0,
      attempt: 1,
      role,
      tool,
      plannedAtMs: this.#plannedAtMs,
      sentAtMs: 0,
      timeoutMs: Math.min(timeoutMs || patienceMs, patienceMs),
      trace: this.#trace,
      // Unique within its trace, which is all that a span must be; hashing anew for each call would cost more than sending it.
      span: `${this.#trace.slice(0, 8)}${eightHexDigits(this.#calls)}`,
      session,
    }
  }
}

/** A task that the plan's end overtook stays where it is: a rejection could be caught, and tried again for ever. */
function never(): Promise<never> {
  return new Promise<never>(() => undefined)
}
