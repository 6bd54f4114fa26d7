// What one generator's file says, taken line after line as it is read: calls, and each agent's numbers. A call is made as soon as its end
// is read, and its lines are forgotten: a run of a million calls has two million of them, and no room for both.
import type { Call } from './event.ts'
import type { EndLine, Evidence, LoadLine, SendLine, StopLine } from './load-line.ts'
import { Sequence } from './sequence.ts'

/** An end, without what its send says too. */
type Ended = Pick<Call, 'endedAtMs' | 'evidence'>

/** What an agent's lines say of the agent. */
export interface Heard {
  agent: string
  /** Of its last call: a task has one for all of its own. */
  trace: string
  lines: number
  sequence: Sequence
  crashes: string[]
  /** Its first last line. */
  stop?: StopLine
}

export class LoadFile {
  readonly name: string
  readonly starts: number[] = []
  /** In the order of their ends; what they mean is not known yet, and `index` is the number of the send's line (assemble.ts). */
  readonly calls: Call[] = []
  /** Ends without a send before them: it comes later, or in another generator's file, or they were doubled. The first of each call. */
  readonly strays = new Map<string, Ended>()
  /** Of all generators together: an agent may speak in the wrong file. */
  readonly agents: Map<string, Heard>
  /** Who has its last line here. */
  readonly stopped = new Set<string>()
  lines = 0
  readonly #speakers = new Map<string, Heard>()
  /** Calls under way. */
  readonly #open = new Map<string, SendLine>()
  /** Sends that came twice, or after an end: theirs is found once all is read. */
  readonly #odd: SendLine[] = []

  constructor(name: string, agents = new Map<string, Heard>()) {
    this.name = name
    this.agents = agents
  }

  /** Who has lines here. */
  get speakers(): string[] {
    return [...this.#speakers.keys()]
  }

  /** Sends that no end has followed, or that are odd. */
  get unended(): SendLine[] {
    return [...this.#open.values(), ...this.#odd]
  }

  take(line: LoadLine): void {
    this.lines++
    if (line.kind === 'start') {
      this.starts.push(line.atMs)
      return
    }
    const heard = this.#speakers.get(line.agent) ?? this.#heard(line.agent)
    heard.lines++
    heard.sequence.take(line.seq)
    if (line.kind === 'send') this.#send(line, heard)
    else if (line.kind === 'end') this.#end(line)
    else if (line.kind === 'crash') heard.crashes.push(line.text)
    else {
      heard.stop ??= line
      this.stopped.add(line.agent)
    }
  }

  #heard(agent: string): Heard {
    const heard = this.agents.get(agent) ?? { agent, trace: '', lines: 0, sequence: new Sequence(), crashes: [] }
    this.agents.set(agent, heard)
    this.#speakers.set(agent, heard)
    return heard
  }

  #send(line: SendLine, heard: Heard): void {
    // One string for all who say the same.
    if (line.trace !== heard.trace) heard.trace = line.trace
    line.agent = heard.agent
    line.trace = heard.trace
    if (this.#open.has(line.call) || this.strays.has(line.call)) this.#odd.push(line)
    else this.#open.set(line.call, line)
  }

  #end(line: EndLine): void {
    const send = this.#open.get(line.call)
    if (send) {
      this.#open.delete(line.call)
      this.calls.push(callOf(send, { endedAtMs: line.endedAtMs, evidence: evidenceOf(line, send.call) }))
    } else if (!this.strays.has(line.call)) this.strays.set(line.call, { endedAtMs: line.endedAtMs, evidence: evidenceOf(line, line.call) })
  }
}

/** Every call of these files: those whose end stands elsewhere, those of which a line was doubled, and those without an end too. */
export function callsOf(files: readonly LoadFile[]): Call[] {
  const [first, ...others] = files
  const calls = (first?.calls ?? []).concat(...others.map((file) => file.calls))
  const unended = files.flatMap((file) => file.unended)
  if (unended.length === 0) return calls
  const ends = new Map<string, Ended>()
  const wanted = new Set(unended.map(({ call }) => call))
  for (const call of calls) if (wanted.has(call.call) && !ends.has(call.call)) ends.set(call.call, call)
  for (const { strays } of files) for (const [call, end] of strays) if (!ends.has(call)) ends.set(call, end)
  return calls.concat(unended.map((send) => callOf(send, ends.get(send.call) ?? { evidence: { status: 0 } })))
}

const OF_ITS_LINE: ReadonlySet<string> = new Set(['kind', 'seq', 'call', 'agent', 'endedAtMs'])

/**
 * All that came back. Field by field: leaving out of a copy takes twice as long, and there are a million.
 * @param call the id, of which the server's echo is as long: one string for both
 */
function evidenceOf(line: EndLine, call: string): Evidence {
  const evidence: Record<string, unknown> = {}
  for (const field in line) if (!OF_ITS_LINE.has(field)) evidence[field] = line[field as keyof EndLine]
  if (evidence.rpcId === call) evidence.rpcId = call
  return evidence as unknown as Evidence
}

/** One literal for all calls, so that they are alike to the engine; what only some have comes after it. */
function callOf(send: SendLine, { endedAtMs, evidence }: Ended): Call {
  const call: Call = {
    kind: 'call',
    index: send.seq,
    call: send.call,
    agent: send.agent,
    task: send.task,
    turn: send.turn,
    attempt: send.attempt,
    role: send.role,
    tool: send.tool,
    plannedAtMs: send.plannedAtMs,
    sentAtMs: send.sentAtMs,
    timeoutMs: send.timeoutMs,
    trace: send.trace,
    tenant: '',
    persona: '',
    hostile: false,
    evidence,
    outcome: 'info',
    class: 'unclassified',
    by: 'direct',
    good: false,
    phase: 'steady',
    straddles: false,
  }
  if (endedAtMs !== undefined) call.endedAtMs = endedAtMs
  if (send.parent !== undefined) call.parent = send.parent
  if (send.key !== undefined) call.key = send.key
  if (send.credential !== undefined) call.credential = send.credential
  if (send.altered !== undefined) call.altered = send.altered
  return call
}
