// What an agent sends, all its tasks together: each call is a line when it leaves, a request, and a line when it ends. Every line carries
// the agent's next `seq`, which proves that none is missing. Pure but for the engine; runs inside k6, where everything on the way of a call
// is paid for a hundredfold: no object is copied, no promise made that need not be (docs/generator-speed.md).
import type { Evidence } from '../history/load-line.ts'
import type { PlannedAgent, PlannedCall } from '../plan/plan.ts'
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
import type { After, Outgoing, Sender, SentAnswer, ShakenAnswer } from './task-client.ts'
import { tenantsIn } from './tenants.ts'

/** A task of the plan's last milliseconds still leaves, though timers are late by one or two. */
const LAST_LEAVE_MS = 20
const NO_RULES: Question = { arguments: {}, correct: [], keyed: false }
/** A handshake is no planned call: its answer says only how it went. */
const NO_CALL: PlannedCall = { turn: 0, role: 'cheapRead', arguments: {}, thinkMs: 0 }

export class Caller implements Sender {
  readonly agent: string
  readonly listen: Listen
  readonly #facts: RunFacts
  readonly #engine: Engine
  readonly #stateless: boolean
  #speaker: Speaker
  #headers: Record<string, string>
  #headersTurned = 0
  #shown = 0
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
  send(out: Outgoing, call: PlannedCall, after: After): Promise<SentAnswer> {
    const { roles, instanceHeader, t0Ms } = this.#facts
    const role = roles[call.role]
    if (!role) throw new Error(`the plan has no role ${call.role}`)
    out.tool = role.tool
    const request = toolCallRequest(out.call, role, call.arguments, out.key, out.trace, out.span, this.#speakerOf(out))
    const question: Question = { call: out.call, arguments: call.arguments, correct: role.correct, keyed: out.key !== undefined }
    if (instanceHeader !== undefined) question.instanceHeader = instanceHeader
    if (role.tenants !== undefined) question.tenants = role.tenants
    return this.#exchange(out, request, question, (raw, evidence, endedAtMs) => {
      if (evidence.transport === 'timeout' && !this.#stateless) this.#cancel(out, endedAtMs)
      const answer = answerOf(call, out.attempt, evidence, t0Ms + endedAtMs) as SentAnswer
      if (role.leadsTo && evidence.status !== 0) answer.leadsTo = leadsOf(raw, role.leadsTo, call.arguments)
      answer.id = out.call
      answer.endedAtMs = endedAtMs
      after(answer, out.session)
      return answer
    })
  }

  shake(out: Outgoing): Promise<ShakenAnswer> {
    const { call: id, tool: method, trace, span } = out
    const request = handshakeRequest(method, { call: id, trace, span }, this.#speakerOf(out))
    return this.#exchange(out, request, NO_RULES, (raw, evidence, endedAtMs) => {
      const { status } = evidence
      const answer = answerOf(NO_CALL, 1, evidence, this.#facts.t0Ms + endedAtMs)
      const ok = answer.ok || (isNotification(method) && status >= 200 && status < 300 && evidence.rpcCode === undefined)
      const session = status === 0 ? '' : (raw.header('Mcp-Session-Id') ?? '')
      return { ...answer, ok, id, endedAtMs, ...(session !== '' && { session }) }
    })
  }

  /** In the eras of sessions a client that gives up says so, and nobody waits for it; in the stateless one it closes the stream. */
  #cancel(given: Outgoing, atMs: number): void {
    if (this.isOver()) return
    const tool = 'notifications/cancelled'
    const { parent: _parent, key: _key, altered: _altered, credential: _credential, ...rest } = given
    const call = `${given.call}-cancel`
    // Another half of the trace's spans than calls have.
    const span = `${given.span.slice(0, 8)}8${given.span.slice(9)}`
    const { patienceMs: timeoutMs } = this.#facts
    const out: Outgoing = { ...rest, call, span, tool, role: 'handshake', turn: 0, attempt: 1, plannedAtMs: atMs, timeoutMs }
    const params = { requestId: given.call, reason: `no answer within ${given.timeoutMs} ms` }
    const request = notification({ call, trace: given.trace, span, method: tool, params }, this.#speakerOf(given))
    void this.#exchange(out, request, NO_RULES, () => undefined)
  }

  /** The agent in its session, or somebody with other credentials. */
  #speakerOf({ session, credential }: Outgoing): Speaker {
    const { protocol, credentials } = this.#facts
    if (credential !== undefined) return new Speaker(protocol, this.#shownAs(credentials?.[credential]), session)
    const changed = this.#turned()
    if (changed || this.#speaker.session !== session) this.#speaker = new Speaker(protocol, this.#headers, session)
    return this.#speaker
  }

  #shownAs(given: Record<string, string>[] = []): Record<string, string> {
    return given[this.#shown++ % given.length] ?? {}
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

  #exchange<T>(out: Outgoing, request: WireRequest, question: Question, told: Told<T>): Promise<T> {
    const { perSecond } = this.#facts
    if (perSecond === undefined) return this.#leave(out, request, question, told)
    // What waits must keep its own headers: the speaker's next request changes them.
    const kept = { headers: { ...request.headers }, body: request.body }
    return this.#turn(perSecond).then(() => this.#leave(out, kept, question, told))
  }

  /** One line when it leaves, one when it ends. */
  #leave<T>(out: Outgoing, request: WireRequest, question: Question, told: Told<T>): Promise<T> {
    const engine = this.#engine
    const { timeoutMs } = out
    out.seq = this.next()
    out.sentAtMs = this.now()
    engine.write(sendLine(out))
    this.#underWay++
    this.#callsSent++
    return engine.post(request, timeoutMs, this.#stateless ? timeoutMs : this.#facts.patienceMs, (raw) => {
      const endedAtMs = this.now()
      const evidence = evidenceIn(raw, question)
      engine.write(endLine(this.next(), out.call, this.agent, endedAtMs, evidence))
      this.#underWay--
      if (this.#underWay === 0) this.#whenQuiet?.()
      return told(raw, evidence, endedAtMs)
    })
  }
}

type Told<T> = (raw: RawAnswer, evidence: Evidence, endedAtMs: number) => T

/** An answer that cannot be read is told as none, with the reason. */
function evidenceIn(raw: RawAnswer, question: Question): Evidence {
  try {
    const evidence = evidenceOf(raw, question)
    if (question.tenants && evidence.isError === false) evidence.tenants = tenantsIn(raw, question.tenants)
    return evidence
  } catch (error) {
    return { status: 0, transport: 'other', transportText: String(error) }
  }
}
