// What an agent sends, all its tasks together: each call is a line when it leaves, a request, and a line when it ends. Every line carries
// the agent's next `seq`, which proves that none is missing. Pure but for the engine; runs inside k6, where everything on the way of a call
// is paid for a hundredfold: no object is copied, no promise made that need not be (docs/generator-speed.md).
import type { Evidence, SendLine } from '../history/load-line.ts'
import type { PlannedAgent } from '../plan/plan.ts'
import { answerOf } from './answer.ts'
import type { Engine, RunFacts } from './engine.ts'
import { evidenceOf, type Question, type RawAnswer } from './evidence.ts'
import { leadsOf } from './leads.ts'
import { endLine, sendLine } from './line-text.ts'
import {
  handshakeRequest,
  isNotification,
  isStateless,
  notification,
  Speaker,
  streamHeaders,
  toolCallRequest,
  type WireRequest,
} from './request.ts'
import type { Listen } from './session.ts'
import type { Intent, OutgoingMessage, Sender, SentAnswer } from './task-client.ts'
import { tenantsIn } from './tenants.ts'

const TEXT_CHARACTERS_MAX = 4_000
/** A task of the plan's last milliseconds still leaves, though timers are late by one or two. */
const LAST_LEAVE_MS = 20
const NO_RULES: Question = { arguments: {}, correct: [], keyed: false }

export class Caller implements Sender {
  readonly agent: string
  readonly listen: Listen
  readonly #facts: RunFacts
  readonly #engine: Engine
  readonly #stateless: boolean
  #speaker: Speaker
  #headers: Record<string, string>
  #headersTurned = 0
  /** When the next call may leave, where a cap holds it back. */
  #freeAtMs = 0
  #seq = 0
  #underWay = 0
  /** Counted apart from the lines, to be held against them. */
  #callsSent = 0
  #stopped = false
  #whenQuiet: (() => void) | undefined

  constructor({ agent, listens }: Pick<PlannedAgent, 'agent' | 'listens'>, facts: RunFacts, engine: Engine) {
    this.agent = agent
    this.listen = (session) =>
      listens === undefined || (listens === 'with-id' && session === undefined)
        ? undefined
        : engine.streams?.listen(streamHeaders(new Speaker(facts.protocol, this.#headers, session)))
    this.#facts = facts
    this.#engine = engine
    this.#stateless = isStateless(facts.protocol)
    this.#headers = facts.headers
    this.#speaker = new Speaker(facts.protocol, facts.headers)
  }

  get callsSent(): number {
    return this.#callsSent
  }

  now(): number {
    return this.#engine.nowMs() - this.#facts.t0Ms
  }

  isOver(): boolean {
    return this.#stopped || this.now() >= this.#facts.endsAtMs + LAST_LEAVE_MS
  }

  /** The number of the agent's next line. */
  next(): number {
    this.#seq++
    return this.#seq
  }

  /** Nothing is under way any more, and nothing is sent from then on. Every call has a timeout, so this ends. */
  async stop(): Promise<void> {
    do {
      if (this.#underWay > 0) {
        await new Promise<void>((resolve) => {
          this.#whenQuiet = resolve
        })
      }
      // What a persona makes of its last answer still comes before the stop line.
      await this.#engine.wait(1)
    } while (this.#underWay > 0)
    this.#stopped = true
  }

  /** Sends one call and resolves to its answer. */
  async send(message: OutgoingMessage, { call, attempt, parent, altered }: Intent): Promise<SentAnswer> {
    const { run, roles, instanceHeader } = this.#facts
    const role = roles[call.role]
    if (!role) throw new Error(`the plan has no role ${call.role}`)
    const key = call.key === undefined ? undefined : `${run}.${call.key}`
    const line = this.#lineOf(message, call.role, role.tool)
    line.turn = call.turn
    line.attempt = attempt
    if (parent !== undefined) line.parent = parent
    if (key !== undefined) line.key = key
    if (call.credential !== undefined) line.credential = call.credential
    if (altered) line.altered = true
    const request = toolCallRequest(message.id, role, call.arguments, key, message.trace, message.span, this.#speakerOf(message))
    const question: Question = { call: message.id, arguments: call.arguments, correct: role.correct, keyed: key !== undefined }
    if (instanceHeader !== undefined) question.instanceHeader = instanceHeader
    if (role.tenants !== undefined) question.tenants = role.tenants
    const { raw, evidence, endedAtMs } = await this.#exchange(line, request, question)
    if (evidence.transport === 'timeout' && !this.#stateless) this.#cancel(message, endedAtMs)
    const answer = answerOf(call, attempt, evidence, this.#facts.t0Ms + endedAtMs) as SentAnswer
    if (role.leadsTo && raw) answer.leadsTo = leadsOf(raw, role.leadsTo, call.arguments)
    answer.id = message.id
    answer.endedAtMs = endedAtMs
    return answer
  }

  async shake(method: string, out: OutgoingMessage): Promise<SentAnswer & { session?: string }> {
    const request = handshakeRequest(method, { call: out.id, trace: out.trace, span: out.span }, this.#speakerOf(out))
    const { raw, evidence, endedAtMs } = await this.#exchange(this.#lineOf(out, 'handshake', method), request, NO_RULES)
    // A handshake is no planned call: its answer says only how it went.
    const call = { turn: 0, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
    const answer = answerOf(call, 1, evidence, this.#facts.t0Ms + endedAtMs)
    const ok = answer.ok || (isNotification(method) && evidence.status >= 200 && evidence.status < 300)
    const session = raw?.header('Mcp-Session-Id')
    return { ...answer, ok, id: out.id, endedAtMs, ...(session !== undefined && { session }) }
  }

  /** In the eras of sessions a client that gives up says so, and nobody waits for it; in the stateless one it closes the stream. */
  #cancel(given: OutgoingMessage, atMs: number): void {
    if (this.isOver()) return
    const method = 'notifications/cancelled'
    const { trace, timeoutMs } = given
    const id = `${given.id}-cancel`
    const params = { requestId: given.id, reason: `no answer within ${timeoutMs} ms` }
    // Another half of the trace's spans than calls have.
    const span = `${given.span.slice(0, 8)}8${given.span.slice(9)}`
    const line = this.#lineOf({ ...given, id, plannedAtMs: atMs, timeoutMs: this.#facts.patienceMs }, 'handshake', method)
    void this.#exchange(line, notification({ call: id, trace, span, method, params }, this.#speakerOf(given)), NO_RULES)
  }

  #lineOf({ id, task, plannedAtMs, timeoutMs, trace }: OutgoingMessage, role: SendLine['role'], tool: string): Omit<SendLine, 'kind'> {
    const { agent } = this
    return { seq: 0, call: id, agent, task, turn: 0, attempt: 1, role, tool, plannedAtMs, sentAtMs: 0, timeoutMs, trace }
  }

  /** The agent in its session, or somebody with other credentials. */
  #speakerOf({ session, credential }: OutgoingMessage): Speaker {
    const { protocol, credentials } = this.#facts
    if (credential !== undefined) return new Speaker(protocol, credentials?.[credential] ?? {}, session)
    const changed = this.#turned()
    if (changed || this.#speaker.session !== session) this.#speaker = new Speaker(protocol, this.#headers, session)
    return this.#speaker
  }

  /** True when it is time for the next of its headers: tokens that are valid in turn. */
  #turned(): boolean {
    const next = this.#facts.later?.[this.#headersTurned]
    if (next === undefined || this.now() < next.fromMs) return false
    this.#headers = next.headers
    this.#headersTurned++
    this.#turned()
    return true
  }

  /** Where a cap holds the agent back, its calls leave one after the other, evenly. Never resolves once the plan is over. */
  async #turn(perSecond: number): Promise<void> {
    const atMs = Math.max(this.now(), this.#freeAtMs)
    this.#freeAtMs = atMs + 1_000 / perSecond
    const { endsAtMs } = this.#facts
    await this.#engine.wait(Math.min(atMs, endsAtMs) - this.now())
    if (atMs >= endsAtMs || this.isOver()) await new Promise<never>(() => undefined)
  }

  /** One line when it leaves, one when it ends. Never rejects: an answer that cannot be read is told as none, with the reason. */
  async #exchange(line: Omit<SendLine, 'kind'>, request: WireRequest, question: Question): Promise<Exchanged> {
    const engine = this.#engine
    if (this.#facts.perSecond !== undefined) await this.#turn(this.#facts.perSecond)
    line.seq = this.next()
    line.sentAtMs = this.now()
    engine.write(sendLine(line))
    this.#underWay++
    let raw: RawAnswer | undefined
    let endedAtMs: number | undefined
    let evidence: Evidence
    try {
      this.#callsSent++
      raw = await engine.post(request, line.timeoutMs, this.#stateless ? line.timeoutMs : this.#facts.patienceMs)
      endedAtMs = this.now()
      evidence = evidenceOf(raw, question)
      if (question.tenants && evidence.isError === false) evidence.tenants = tenantsIn(raw, question.tenants)
    } catch (error) {
      raw = undefined
      endedAtMs ??= this.now()
      evidence = { status: 0, transport: 'other', transportText: String(error).slice(0, TEXT_CHARACTERS_MAX) }
    }
    engine.write(endLine(this.next(), line.call, this.agent, endedAtMs, evidence))
    this.#underWay--
    if (this.#underWay === 0) this.#whenQuiet?.()
    return { raw, evidence, endedAtMs }
  }
}

interface Exchanged {
  /** Undefined: it could not be read. */
  raw: RawAnswer | undefined
  evidence: Evidence
  endedAtMs: number
}
