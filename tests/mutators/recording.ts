// A run as it was recorded, in memory and in one small file: what mutators change. The file is JSON, brotli-compressed: manifest, plan,
// the lines of raw/, and of the server's log only who answered each call and how long it took. Arguments are left out of the plan, so
// that all calls of a tool are alike, and traces are numbered, since they cannot be compressed. Spans, which are as many again, are kept in
// the base that is named for it alone, with its traces as they were.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'
import type { Status } from '../../harness/checks/check.ts'
import { judge } from '../../harness/checks/judge.ts'
import { discoverChecks } from '../../harness/command/units.ts'
import { assemble, type Raw } from '../../harness/history/assemble.ts'
import type { ServerSide } from '../../harness/history/event.ts'
import { loadFileNames } from '../../harness/history/load-files.ts'
import { buildHistory } from '../../harness/history/merge.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer L)[] ? L[] : T[K] }

/** Its own to change: nothing in it is shared with another recording. */
export type Recording = Mutable<Omit<Raw, 'server'>> & { server?: Map<string, ServerSide> }

const WITH_SPANS = 'baseline'
/** Of these only every n-th agent is kept: there are many, and all alike. */
const THINNED: Readonly<Record<string, number>> = { 'retry-storm': 2, baseline: 2, 'auth-storm': 2 }
const FOLDER = path.join(import.meta.dirname, 'histories')
/** The raw file of each kind of line. */
const FILES = {
  faults: 'faults',
  attempts: 'links',
  samples: 'samples',
  effects: 'effects',
  clocks: 'clock',
  hits: 'upstream',
  spans: 'spans',
  leaks: 'leaks',
} as const

export const BASES = readdirSync(FOLDER).map((name) => path.basename(name, '.json.br'))
const texts = new Map<string, string>()

/** A recorded run, anew each time. */
export function recorded(base: string): Recording {
  const text = texts.get(base) ?? brotliDecompressSync(readFileSync(path.join(FOLDER, `${base}.json.br`))).toString()
  texts.set(base, text)
  const { server, ...raw } = JSON.parse(text) as Omit<Recording, 'server'> & { server?: [string, ServerSide][] }
  return { ...raw, ...(server && { server: new Map(server) }) }
}

/** Keeps a run's folder as the base of that name. @returns bytes */
export async function keep(folder: string, base: string): Promise<number> {
  const linesOf = (name: string) =>
    textOf(path.join(folder, 'raw', name))
      .split('\n')
      .filter(Boolean)
  const parsed = (name: string) => linesOf(name).map((line) => JSON.parse(line) as Record<string, unknown>)
  const manifest = JSON.parse(textOf(path.join(folder, 'manifest.json'))) as Raw['manifest']
  const plan = JSON.parse(textOf(path.join(folder, 'plan.json'))) as Raw['plan']
  plan.agents = plan.agents.filter((_, n) => n % (THINNED[base] ?? 1) === 0)
  const agents = new Set(plan.agents.map(({ agent }) => agent))
  for (const { tasks } of plan.agents) for (const { calls } of tasks) for (const call of calls) call.arguments = {}
  const names = loadFileNames(manifest.generators ?? 1)
  const others = Object.entries(FILES).map(([kind, name]) => [kind, parsed(`${name}.ndjson`)])
  const states = [...names, ...Object.values(FILES).map((name) => `${name}.ndjson`)].filter((name) =>
    existing(path.join(folder, 'raw', name)),
  )
  const { calls, manifest: found } = await buildHistory(folder)
  const server =
    found.callsInServerLog === undefined ? undefined : calls.flatMap(({ call, server: side }) => (side ? [[call, side] as const] : []))
  const load = names.flatMap(parsed).filter(({ agent }) => agent === undefined || agents.has(agent as string))
  const sent = new Set(load.map(({ call }) => call))
  const traces = new Set(load.map(({ trace }) => trace))
  const raw = {
    manifest: { ...manifest, raw: Object.fromEntries(states.map((name) => [name, 'whole'])) },
    plan,
    load,
    ...(Object.fromEntries(others) as Record<keyof typeof FILES, Record<string, unknown>[]>),
    ...(server && { server: server.filter(([call]) => sent.has(call)) }),
  }
  raw.spans = raw.spans.filter(({ trace }) => traces.has(trace))
  if (base !== WITH_SPANS)
    Object.assign(raw, { spans: [], manifest: { ...raw.manifest, offers: { ...manifest.offers, spans: 'left out' } } })
  const text = JSON.stringify(raw)
  const packed = brotliCompressSync(base === WITH_SPANS ? text : numbered(text), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
  })
  writeFileSync(path.join(FOLDER, `${base}.json.br`), packed)
  return packed.length
}

const checks = await discoverChecks()

/** Status of every check there is, whichever the scenario asked for: a change may be noticed where nobody looks for it. */
export function statusesOf({ plan, ...rest }: Recording): Record<string, Status> {
  const limits = new Map(plan.checks.map(({ check, limits: own }) => [check, own]))
  const asked = checks.ids.map((check) => ({ check, limits: limits.get(check) ?? {} }))
  const { verdicts } = judge(assemble({ ...rest, plan: { ...plan, checks: asked, essential: [] } }), checks)
  return Object.fromEntries(verdicts.map(({ check, status }) => [check, status]))
}

/** Trace ids are random: the n-th becomes n. */
function numbered(text: string): string {
  const known = new Map<string, string>()
  return text.replace(/"[0-9a-f]{32}"/g, (trace) => {
    const number = known.get(trace) ?? `"t${known.size}"`
    known.set(trace, number)
    return number
  })
}

function textOf(file: string): string {
  return existing(file) ? readFileSync(file, 'utf8') : ''
}

function existing(file: string): boolean {
  return readdirSync(path.dirname(file)).includes(path.basename(file))
}
