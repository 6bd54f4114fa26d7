// What one generator's file says, taken line after line as it is read: calls as they left, their ends, and each agent's numbers. The lines
// themselves are not kept: a run of a million calls has two million of them.
import type { EndLine, Evidence, LoadLine, SendLine, StopLine } from './load-line.ts'
import { Sequence } from './sequence.ts'

/** An end, without what its send says too. */
export interface Ended {
  endedAtMs: number
  evidence: Evidence
}

/** What an agent's lines say of the agent. */
export interface Heard {
  lines: number
  sequence: Sequence
  crashes: string[]
  /** Its first last line. */
  stop?: StopLine
}

export class LoadFile {
  readonly name: string
  readonly starts: number[] = []
  readonly sends: SendLine[] = []
  /** By call: the first that is told of it, wherever it stands. */
  readonly ends = new Map<string, Ended>()
  /** Of all generators together: an agent may speak in the wrong file. */
  readonly agents: Map<string, Heard>
  /** Who has lines here, and who has its last one here. */
  readonly speakers = new Set<string>()
  readonly stopped = new Set<string>()
  lines = 0

  constructor(name: string, agents = new Map<string, Heard>()) {
    this.name = name
    this.agents = agents
  }

  take(line: LoadLine): void {
    this.lines++
    if (line.kind === 'start') {
      this.starts.push(line.atMs)
      return
    }
    const heard = this.#heard(line.agent)
    heard.lines++
    heard.sequence.take(line.seq)
    if (line.kind === 'send') this.sends.push(line)
    else if (line.kind === 'end') this.#end(line)
    else if (line.kind === 'crash') heard.crashes.push(line.text)
    else {
      heard.stop ??= line
      this.stopped.add(line.agent)
    }
  }

  #heard(agent: string): Heard {
    this.speakers.add(agent)
    const heard = this.agents.get(agent) ?? { lines: 0, sequence: new Sequence(), crashes: [] }
    if (heard.lines === 0) this.agents.set(agent, heard)
    return heard
  }

  #end(line: EndLine): void {
    if (!this.ends.has(line.call)) this.ends.set(line.call, { endedAtMs: line.endedAtMs, evidence: evidenceOf(line) })
  }
}

const OF_ITS_LINE: ReadonlySet<string> = new Set(['kind', 'seq', 'call', 'agent', 'endedAtMs'])

/** All that came back. Field by field: leaving out of a copy takes twice as long, and there are a million. */
function evidenceOf(line: EndLine): Evidence {
  const evidence: Record<string, unknown> = {}
  for (const field in line) if (!OF_ITS_LINE.has(field)) evidence[field] = line[field as keyof EndLine]
  return evidence as unknown as Evidence
}
