// The generators' lines: raw/load.ndjson of one, raw/load-1.ndjson and so on of several that shared the plan, on this machine or on
// others. Each began its timeline by its own start line; the times of all are told on the clock of the first that began, once each
// clock has been set to the harness's (fleet.ts).
//
// A generator that begins late is late with all that it had planned: a task's planned moment counts from the fleet's start, not from
// its own. Only what its clock is uncertain by is forgiven.

import type { Call } from './event.ts'
import { type ClockOffset, clockOffsets, fleetNotes, recordOf } from './fleet.ts'
import type { History } from './history.ts'
import { callsOf, type Heard, type LoadFile } from './load-file.ts'
import type { SendLine } from './load-line.ts'
import type { GeneratorRecord } from './manifest.ts'
import type { GeneratorLine } from './raw-line.ts'

/** What all generators say, on one clock. */
export interface Load {
  /** Wall-clock ms of the fleet's start; absent: no generator began. */
  startMs?: number
  /** In no order yet; assemble.ts finds out what they mean. */
  calls: Call[]
  /** By name, strangers to the plan too. */
  agents: ReadonlyMap<string, Heard>
}

export interface Joined extends Load {
  /** Of several generators, or of one elsewhere. */
  fleet?: GeneratorRecord[]
  /** What is odd, in sentences. */
  notes: string[]
}

/** Names of the files that so many generators write. */
export function loadFileNames(generators: number): string[] {
  return generators === 1 ? ['load.ndjson'] : Array.from({ length: generators }, (_, n) => `load-${n + 1}.ndjson`)
}

/**
 * @param files that heard of agents together (load-file.ts); their times are moved where they are
 * @param said raw/generators.ndjson; empty when all ran on the harness's own machine
 */
export function joinLoads(files: readonly LoadFile[], plan: Pick<History['plan'], 'agents'>, said: readonly GeneratorLine[] = []): Joined {
  const clockOf = clockOffsets(said)
  const generators = files.map((file, position) => {
    const clock = clockOf(position + 1)
    const [atMs] = file.starts
    return { file, clock, startMs: atMs === undefined ? undefined : atMs + (clock?.offsetMs ?? 0) }
  })
  const t0Ms = Math.min(...generators.flatMap(({ startMs }) => startMs ?? []))
  const began = Number.isFinite(t0Ms)
  const planned = new PlannedMoments(plan)
  const fleet = generators.map(({ file, clock, startMs = t0Ms }, position): GeneratorRecord => {
    const laterMs = began ? startMs - t0Ms : 0
    if (laterMs > 0) move(file, laterMs, clock, planned)
    const record = recordOf(plan, { part: position + 1, of: files.length, file })
    return { ...record, laterMs, offsetMs: clock?.offsetMs ?? 0, ...(clock && { uncertaintyMs: clock.uncertaintyMs }) }
  })
  const agents = files[0]?.agents ?? new Map<string, Heard>()
  const load: Load = { ...(began && { startMs: t0Ms }), calls: callsOf(files), agents }
  if (files.length === 1 && said.length === 0) return { ...load, notes: neverBegan(files) }
  return { ...load, fleet, notes: fleetNotes(plan, fleet) }
}

function neverBegan(files: readonly LoadFile[]): string[] {
  const silent = files.filter(({ starts }) => starts.length === 0)
  return silent.map(({ name }) => `raw/${name} has no start line: the generator never began its timeline`)
}

function move(file: LoadFile, byMs: number, clock: ClockOffset | undefined, planned: PlannedMoments): void {
  for (const sent of [...file.calls, ...file.unended]) {
    sent.plannedAtMs += planned.is(sent) ? Math.min(byMs, clock?.uncertaintyMs ?? byMs) : byMs
    sent.sentAtMs += byMs
  }
  for (const ended of [...file.calls, ...file.strays.values()]) if (ended.endedAtMs !== undefined) ended.endedAtMs += byMs
}

/** Which lines leave at a moment that the plan itself names: those of a task's first turn. Later ones follow their answers. */
class PlannedMoments {
  readonly #plan: Pick<History['plan'], 'agents'>
  #atMs: Map<string, number> | undefined

  constructor(plan: Pick<History['plan'], 'agents'>) {
    this.#plan = plan
  }

  is({ agent, task, plannedAtMs }: Pick<SendLine, 'agent' | 'task' | 'plannedAtMs'>): boolean {
    this.#atMs ??= new Map(this.#plan.agents.flatMap((one) => one.tasks.map(({ task: name, atMs }) => [`${one.agent}/${name}`, atMs])))
    return this.#atMs.get(`${agent}/${task}`) === plannedAtMs
  }
}
