// A run's folder → its history, and history.ndjson beside it: the same in one file, for people and their tools; the harness
// itself makes the history from raw/ each time. Damage is no error: what can be read is judged, the notes say what could not.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { z } from 'zod'
import { HarnessError } from '../errors.ts'
import type { PlannedCall } from '../plan/plan.ts'
import { assembled } from './assemble.ts'
import { collectGrown } from './collect.ts'
import { SCHEMA_VERSION } from './event.ts'
import {
  attemptLine,
  clockLine,
  effectLine,
  faultLine,
  generatorLine,
  hitLine,
  leakLine,
  loadLine,
  manifestSchema,
  sampleLine,
  spanLine,
} from './event-schema.ts'
import type { History } from './history.ts'
import { parsed } from './json.ts'
import { eachLine } from './lines.ts'
import { type Heard, LoadFile } from './load-file.ts'
import { joinLoads, loadFileNames } from './load-files.ts'
import type { LoadLine } from './load-line.ts'
import type { Manifest } from './manifest.ts'
import type { AttemptLine, ClockLine, EffectLine, FaultLine, GeneratorLine, HitLine, LeakLine, SampleLine, SpanLine } from './raw-line.ts'
import { disordered } from './sequence.ts'
import { ServerLogs } from './server-log.ts'
import { streamNotes } from './streams.ts'
import { writeHistory } from './write-history.ts'

/** Kinds of tasks that are kept to be shared. */
const ALIKE_MAX = 10_000

/**
 * Makes the history anew from raw/ and writes history.ndjson.
 * @param folder a run's folder, with manifest.json and plan.json
 * @returns the history; what was odd stands in `manifest.notes`
 * @throws HarnessError `RUN_NOT_FOUND`, `RUN_DAMAGED`, `HISTORY_VERSION`, `HISTORY_UNWRITABLE`
 */
export async function buildHistory(folder: string): Promise<History> {
  const { manifest, plan } = await readRun(folder)
  collectGrown()
  const raw = path.join(folder, 'raw')
  const { requestId, durationMs } = manifest.observed
  await using logs = requestId === undefined ? undefined : new ServerLogs({ rawFolder: raw, run: manifest.run, requestId, durationMs })
  shareAlike(plan)
  const states: NonNullable<Manifest['raw']> = {}
  const notes: string[] = []
  const each = async <T>(name: string, schema: z.ZodType, take: (line: T) => void): Promise<void> => {
    const found = await eachLine<T>(path.join(raw, name), schema, take)
    if (found.state !== 'absent') states[name] = found.state
    notes.push(...found.notes)
  }
  const read = async <T>(name: string, schema: z.ZodType): Promise<T[]> => {
    const lines: T[] = []
    await each<T>(name, schema, (line) => lines.push(line))
    return lines
  }
  const heard = new Map<string, Heard>()
  const files = loadFileNames(manifest.generators ?? 1).map((name) => new LoadFile(name, heard))
  for (const file of files) await each<LoadLine>(file.name, loadLine, (line) => file.take(line))
  const said = await read<GeneratorLine>('generators.ndjson', generatorLine)
  const load = joinLoads(files, plan, said)
  notes.push(...load.notes, ...streamNotes([...heard.values()].flatMap(({ stop }) => stop ?? [])))
  const faults = await read<FaultLine>('faults.ndjson', faultLine)
  const attempts = await read<AttemptLine>('links.ndjson', attemptLine)
  const samples = await read<SampleLine>('samples.ndjson', sampleLine)
  const effects = await read<EffectLine>('effects.ndjson', effectLine)
  const clocks = await read<ClockLine>('clock.ndjson', clockLine)
  const hits = await read<HitLine>('upstream.ndjson', hitLine)
  const spans = await read<SpanLine>('spans.ndjson', spanLine)
  const leaks = await read<LeakLine>('leaks.ndjson', leakLine)
  const { fleet } = load
  const whole: Manifest = { ...manifest, raw: states, ...(fleet && { fleet }) }
  const bare = assembled(load, { manifest: whole, plan, faults, attempts, samples, effects, clocks, hits, spans, leaks })
  const server = await logs?.giveTo(bare)
  const history = server ? { ...bare, said: server.said } : bare
  if (server) {
    notes.push(...resent(server.twice), ...unrecorded(server.unknown))
    Object.assign(history.manifest, {
      callsInServerLog: server.calls,
      ...(server.twice && { callsTwiceInServerLog: server.twice.length }),
    })
  }
  notes.push(...disordered(history.agents))
  history.manifest.notes = [...manifest.notes, ...notes]
  collectGrown()
  await writeHistory(folder, history, notes)
  return history
}

/** Most tasks ask what others ask too: a long plan has a million of them, and little to say. */
function shareAlike({ agents }: History['plan']): void {
  const known = new Map<string, PlannedCall[]>()
  for (const { tasks } of agents)
    for (const task of tasks) {
      const text = JSON.stringify(task.calls)
      const alike = known.get(text)
      if (alike) task.calls = alike
      else if (known.size < ALIKE_MAX) known.set(text, task.calls)
    }
}

/** A call that the server has seen and the generator does not know: its file lacks lines, as after a kill. */
function unrecorded([first, ...others]: readonly string[]): string[] {
  if (first === undefined) return []
  const calls = others.length === 0 ? `the call ${first}` : `${others.length + 1} calls, first ${first},`
  return [`the server's logs have ${calls} that the generator's own file does not: it was cut short`]
}

function resent([first, ...others]: readonly string[] = []): string[] {
  if (first === undefined) return []
  const calls =
    others.length === 0
      ? `the call ${first} more than once: it was`
      : `${others.length + 1} calls more than once, first ${first}: they were`
  return [`the server's logs have ${calls} sent again on the way, or the log has more than one line with a duration for each`]
}

/** What was tried, and where. @throws HarnessError as `readManifest` */
export async function readRun(folder: string): Promise<{ manifest: Manifest; plan: History['plan'] }> {
  const manifest = await readManifest(folder)
  const plan = await readJson<History['plan']>(folder, 'plan.json')
  const lacking = (['phases', 'agents', 'checks'] as const).find((name) => !Array.isArray(plan[name]))
  if (lacking !== undefined) throw damaged(folder, 'plan.json', `it has no ${lacking}`)
  return { manifest, plan }
}

/** @throws HarnessError `RUN_NOT_FOUND`, `RUN_DAMAGED`, `HISTORY_VERSION` */
export async function readManifest(folder: string): Promise<Manifest> {
  const manifest = await readJson<Manifest>(folder, 'manifest.json')
  const checked = manifestSchema.safeParse(manifest)
  if (checked.success) return manifest
  const [issue] = checked.error.issues
  throw damaged(folder, 'manifest.json', `${issue?.path.join('.')}: ${issue?.message}`)
}

async function readJson<T extends { schemaVersion: number }>(folder: string, name: string): Promise<T> {
  const text = await readFile(path.join(folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw damaged(folder, name, error.message)
    throw new HarnessError(
      'RUN_NOT_FOUND',
      `${JSON.stringify(folder)} is no run's folder: it has no ${name}`,
      'give a folder such as reports/<scenario>/latest; npm run scenario <name> makes one',
      error,
    )
  })
  const value = parsed<T | null>(text)
  if (typeof value !== 'object' || value === null) throw damaged(folder, name, 'it is no JSON object')
  assertVersion(value.schemaVersion, name)
  return value
}

function assertVersion(version: number, name: string): void {
  if (version === SCHEMA_VERSION) return
  const newer = typeof version === 'number' && version > SCHEMA_VERSION
  throw new HarnessError(
    'HISTORY_VERSION',
    `${name} has schemaVersion ${JSON.stringify(version)}; this harness reads ${SCHEMA_VERSION}`,
    newer
      ? 'judge it with the newer harness that recorded it: git pull, then judge again'
      : 'judge it with the commit named in its manifest.json',
  )
}

function damaged(folder: string, name: string, why: string): HarnessError {
  const hint = 'copy the folder again from where it came, or run the scenario again'
  return new HarnessError('RUN_DAMAGED', `${name} in ${JSON.stringify(folder)} cannot be read whole: ${why}`, hint)
}
