// The generators' lines: raw/load.ndjson of one, raw/load-1.ndjson and so on of several that shared the plan, on this machine or on
// others. Each began its timeline by its own start line; the times of all are told on the clock of the first that began, once each
// clock has been set to the harness's (fleet.ts).
//
// A generator that begins late is late with all that it had planned: a task's planned moment counts from the fleet's start, not from
// its own. Only what its clock is uncertain by is forgiven.
import type { GeneratorLine, LoadLine, SendLine } from './event.ts'
import { type ClockOffset, clockOffsets, fleetNotes, recordOf } from './fleet.ts'
import type { History } from './history.ts'
import type { GeneratorRecord } from './manifest.ts'

/** One generator's file. */
export interface LoadFile {
  name: string
  lines: LoadLine[]
}

export interface Joined {
  lines: LoadLine[]
  /** Of several generators, or of one elsewhere. */
  fleet?: GeneratorRecord[]
  /** What is odd, in sentences. */
  notes: string[]
}

/** Names of the files that so many generators write. */
export function loadFileNames(generators: number): string[] {
  return generators === 1 ? ['load.ndjson'] : Array.from({ length: generators }, (_, n) => `load-${n + 1}.ndjson`)
}

/** @param said raw/generators.ndjson; empty when all ran on the harness's own machine */
export function joinLoads(files: readonly LoadFile[], plan: Pick<History['plan'], 'agents'>, said: readonly GeneratorLine[] = []): Joined {
  const clockOf = clockOffsets(said)
  const generators = files.map(({ name: file, lines }, position) => {
    const clock = clockOf(position + 1)
    const atMs = lines.find((line) => line.kind === 'start')?.atMs
    return { file, lines, clock, startMs: atMs === undefined ? undefined : atMs + (clock?.offsetMs ?? 0) }
  })
  const t0Ms = Math.min(...generators.flatMap(({ startMs }) => startMs ?? []))
  const lines: LoadLine[] = Number.isFinite(t0Ms) ? [{ kind: 'start', atMs: t0Ms }] : []
  const planned = new PlannedMoments(plan)
  const fleet = generators.map(({ file, lines: own, clock, startMs = t0Ms }, position): GeneratorRecord => {
    const laterMs = Number.isFinite(t0Ms) ? startMs - t0Ms : 0
    for (const line of own) if (line.kind !== 'start') lines.push(laterMs > 0 ? moved(line, laterMs, clock, planned) : line)
    const record = recordOf(plan, { part: position + 1, of: files.length, file, lines: own })
    return { ...record, laterMs, offsetMs: clock?.offsetMs ?? 0, ...(clock && { uncertaintyMs: clock.uncertaintyMs }) }
  })
  if (files.length === 1 && said.length === 0) return { lines, notes: neverBegan(files) }
  return { lines, fleet, notes: fleetNotes(plan, fleet) }
}

function neverBegan(files: readonly LoadFile[]): string[] {
  const silent = files.filter(({ lines }) => !lines.some(({ kind }) => kind === 'start'))
  return silent.map(({ name }) => `raw/${name} has no start line: the generator never began its timeline`)
}

function moved<L extends LoadLine>(line: L, byMs: number, clock: ClockOffset | undefined, planned: PlannedMoments): L {
  if (line.kind === 'send') {
    const forgivenMs = planned.is(line) ? Math.min(byMs, clock?.uncertaintyMs ?? byMs) : byMs
    return { ...line, plannedAtMs: line.plannedAtMs + forgivenMs, sentAtMs: line.sentAtMs + byMs }
  }
  if (line.kind === 'end') return { ...line, endedAtMs: line.endedAtMs + byMs }
  return line.kind === 'stop' ? { ...line, atMs: line.atMs + byMs } : line
}

/** Which lines leave at a moment that the plan itself names: those of a task's first turn. Later ones follow their answers. */
class PlannedMoments {
  readonly #plan: Pick<History['plan'], 'agents'>
  #atMs: Map<string, number> | undefined

  constructor(plan: Pick<History['plan'], 'agents'>) {
    this.#plan = plan
  }

  is({ agent, task, plannedAtMs }: SendLine): boolean {
    this.#atMs ??= new Map(this.#plan.agents.flatMap((one) => one.tasks.map(({ task: name, atMs }) => [`${one.agent}/${name}`, atMs])))
    return this.#atMs.get(`${agent}/${task}`) === plannedAtMs
  }
}
