// The spine of a run: start what is needed, send the load, break and heal, record everything, stop. It judges nothing.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Unit, Units } from '../discover.ts'
import { HarnessError } from '../errors.ts'
import type { FaultDefinition } from '../faults/fault.ts'
import type { ClockLine, EffectLine, FaultLine, Manifest, SampleLine } from '../history/event.ts'
import { SCHEMA_VERSION } from '../history/event.ts'
import type { Driver, Generator } from '../load/driver.ts'
import type { PersonaDefinition } from '../persona.ts'
import { offersOf } from '../plan/offers.ts'
import type { Plan } from '../plan/plan.ts'
import { planHash, planText } from '../plan/text.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Target } from '../target.ts'
import { readClock, systemClock } from './clock.ts'
import { readEffects } from './effects.ts'
import { createRunFolder, pointLatest, type RunFolder } from './folder.ts'
import type { Lease } from './lease.ts'
import { LineFile } from './line-file.ts'
import { type LiveFigures, LiveFile } from './live.ts'
import { commitOf, machine, writeManifest } from './manifest.ts'
import { probe } from './probe.ts'
import { runSamplers } from './sampling.ts'
import { type Setting, startSetting } from './setting.ts'
import { starve } from './starve.ts'
import { runTimeline } from './timeline.ts'

const CLOCK_EVERY_MS = 5_000
const LIVE_EVERY_MS = 250
const BEGIN_WITHIN_MS = 20_000

export interface RunOptions {
  plan: Plan
  target: Unit<Target>
  personas: Units<PersonaDefinition>
  faults: Units<FaultDefinition>
  samplers: Units<Sampler>
  driver: Driver
  k6Path: string
  versions: Record<string, string>
  root: string
  /** Folder under which the run's own folder is made. */
  reports: string
  lease: Lease
  command: string
  notes: string[]
  weaken?: string
  port?: number
  starve?: boolean
  view: View
  /** Aborted: stop the load, heal, keep what was recorded. */
  signal: AbortSignal
}

/** What a run tells while it goes on. */
export interface View {
  say(text: string): void
  live(state: { phase: string; leftMs: number; faults: string[] } & LiveFigures): void
}

/** @returns the run's folder, recorded whole (or up to an abort), ready to be judged */
export async function run(options: RunOptions): Promise<RunFolder> {
  const startedAt = new Date()
  const folder = await createRunFolder(options.reports, options.plan.scenario, startedAt)
  const recorder = await Recorder.open(folder)
  await using cleanup = new AsyncDisposableStack()
  cleanup.use(recorder)
  const text = planText(options.plan)
  await writeFile(path.join(folder.path, 'plan.json'), text)
  const manifest = await firstManifest(options, startedAt, planHash(text))
  await writeManifest(folder.path, manifest)
  await pointLatest(folder.path)
  try {
    await record(options, folder, recorder, manifest)
    manifest.state = options.signal.aborted ? 'aborted' : 'complete'
  } catch (error) {
    manifest.state = 'aborted'
    if (!options.signal.aborted) throw error
    manifest.notes.push('stopped before its end, while it was being set up')
  } finally {
    manifest.endedAt = new Date().toISOString()
    manifest.harness = { maxRssBytes: process.resourceUsage().maxRSS * 1024 }
    await recorder.flush()
    await writeManifest(folder.path, manifest)
  }
  return folder
}

async function record(options: RunOptions, folder: RunFolder, recorder: Recorder, manifest: Manifest): Promise<void> {
  const { plan, target, lease, view, signal } = options
  await using setting = await startSetting({
    plan,
    target: target.value,
    cwd: options.root,
    folder,
    attemptsFile: path.join(folder.raw, 'links.ndjson'),
    keeper: lease,
    ...(options.weaken !== undefined && { weaken: options.weaken }),
    ...(options.port !== undefined && { port: options.port }),
    progress: view.say,
    signal,
  })
  describeTarget(manifest, setting, target.value, plan)
  const headers = await agentHeaders(target.value, setting)
  await probe(setting.url, headers[0] ?? {}, plan, signal)
  await writeManifest(folder.path, manifest)
  view.say(`preparing ${plan.agents.length} agents`)
  await using generator = await options.driver.prepare({
    plan,
    planFile: path.join(folder.path, 'plan.json'),
    personas: options.personas,
    url: setting.environment.url,
    ...(setting.environment.url !== setting.url && { hostHeader: new URL(setting.url).host }),
    headers,
    ...(setting.observe.instanceHeader !== undefined && { instanceHeader: setting.observe.instanceHeader }),
    run: manifest.run,
    seed: plan.seed,
    rawFolder: folder.raw,
    logFolder: folder.logs,
    k6Path: options.k6Path,
    keeper: lease,
    signal,
  })
  setting.environment.processes = { ...setting.environment.processes, k6: generator.pid }
  await loadAndBreak(options, folder, recorder, manifest, setting, generator)
  manifest.notes.push(...setting.proxy.problems)
  const { postgres } = setting.environment
  if (postgres && Object.values(target.value.tools ?? {}).some((tool) => tool.effects)) {
    const { lines, notes } = await readEffects(postgres, target.value, manifest.run, setting.observe.postgres?.role)
    // Written only here: a run without this file has not counted its effects.
    await using effects = await LineFile.create<EffectLine>(path.join(folder.raw, 'effects.ndjson'))
    for (const line of lines) effects.append(line)
    await effects.flush()
    manifest.notes.push(...notes)
  }
}

/** From the first planned moment to the last answer: load, faults, samplers and clock side by side. */
async function loadAndBreak(
  options: RunOptions,
  folder: RunFolder,
  recorder: Recorder,
  manifest: Manifest,
  setting: Setting,
  generator: Generator,
): Promise<void> {
  const { plan, view, signal } = options
  await using live = new LiveFile(path.join(folder.raw, 'load.ndjson'))
  const over = new AbortController()
  const untilOver = AbortSignal.any([signal, over.signal])
  const tasks: Promise<unknown>[] = []
  try {
    recorder.clock.append(readClock(systemClock))
    tasks.push(runClock(recorder, over.signal))
    const sampling = runSamplers({
      ...options,
      environment: setting.environment,
      observe: setting.observe,
      record: (line) => recorder.samples.append(line),
      signal: over.signal,
    })
    tasks.push(sampling.then((failed) => noteGaps(manifest, failed)))
    await generator.begin()
    const t0Ms = await began(live, generator, signal)
    manifest.t0Ms = t0Ms
    await writeManifest(folder.path, manifest)
    if (options.starve) tasks.push(starve(generator.pid, over.signal))
    const faultsInForce = new Set<string>()
    const timeline = runTimeline({
      faults: plan.faults,
      units: options.faults,
      environment: setting.environment,
      t0Ms,
      record: (line) => {
        recorder.faults.append(line)
        if (line.event === 'injected') faultsInForce.add(line.fault)
        if (line.event === 'healing') faultsInForce.delete(line.fault)
      },
      signal: untilOver,
    })
    tasks.push(timeline, showLive(plan, t0Ms, live, faultsInForce, view, untilOver))
    const stopOnAbort = () => void generator.stop()
    signal.addEventListener('abort', stopOnAbort, { once: true })
    const end = await generator.ended
    signal.removeEventListener('abort', stopOnAbort)
    await live[Symbol.asyncDispose]()
    manifest.generator = {
      exitCode: end.exitCode,
      calls: live.figures.offered,
      ...(end.maxRssBytes !== undefined && { maxRssBytes: end.maxRssBytes }),
    }
    await timeline
  } finally {
    over.abort()
    await Promise.allSettled(tasks)
    recorder.clock.append(readClock(systemClock))
  }
}

async function began(live: LiveFile, generator: Generator, signal: AbortSignal): Promise<number> {
  const settled = new AbortController()
  const late = wait(BEGIN_WITHIN_MS, undefined, { signal: AbortSignal.any([signal, settled.signal]) }).catch(() => undefined)
  const t0Ms = await Promise.race([live.started, generator.ended.then(() => undefined), late])
  settled.abort()
  if (t0Ms !== undefined) return t0Ms
  throw new HarnessError('LOAD_DID_NOT_START', 'the load generator ended without beginning its plan', 'see logs/k6.log in the run folder')
}

async function runClock(recorder: Recorder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(CLOCK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    recorder.clock.append(readClock(systemClock))
  }
}

async function showLive(plan: Plan, t0Ms: number, live: LiveFile, faults: Set<string>, view: View, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const atMs = Date.now() - t0Ms
    const phase = plan.phases.find(({ fromMs, toMs }) => atMs >= fromMs && atMs < toMs)
    view.live({ phase: phase?.name ?? (atMs < 0 ? 'starting' : 'last answers'), leftMs: Math.max(0, plan.endsAtMs - atMs), faults: [...faults], ...live.figures })
    await wait(LIVE_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

function noteGaps(manifest: Manifest, failed: Record<string, number>): void {
  for (const [sampler, times] of Object.entries(failed)) manifest.notes.push(`sampler ${sampler}: ${times} readings were not answered`)
}

async function firstManifest(options: RunOptions, startedAt: Date, hash: string): Promise<Manifest> {
  const { plan } = options
  return {
    schemaVersion: SCHEMA_VERSION,
    run: options.lease.run,
    scenario: plan.scenario,
    target: plan.target,
    scale: plan.scale,
    seed: plan.seed,
    planHash: hash,
    ...(options.weaken !== undefined && { weaken: options.weaken }),
    ...(options.starve && { starved: true }),
    protocol: plan.protocol,
    driver: 'k6',
    startedAt: startedAt.toISOString(),
    state: 'running',
    url: '',
    declared: {},
    offers: {},
    errors: options.target.value.errors ?? {},
    observed: {},
    versions: options.versions,
    ...(await commitOf(options.root)),
    ...machine(),
    command: options.command,
    notes: [...options.notes],
  }
}

function describeTarget(manifest: Manifest, { url, declared, observe, environment }: Setting, target: Target, plan: Plan): void {
  manifest.url = url
  manifest.declared = { ...declared }
  manifest.offers = offersOf(target, plan, declared, observe)
  manifest.observed = {
    ...(observe.postgres && { postgresRole: observe.postgres.role }),
    ...(observe.instanceHeader !== undefined && { instanceHeader: observe.instanceHeader }),
    ...(observe.logs && { requestId: observe.logs.requestId }),
  }
  if (environment.postgres) manifest.versions.postgres = environment.postgres.version
  if (environment.redis) manifest.versions.redis = environment.redis.version
}

async function agentHeaders(target: Target, { context }: Setting): Promise<Record<string, string>[]> {
  return Promise.all(context.agents.map(async (identity) => (await target.agents?.headers?.(identity)) ?? {}))
}

/** The raw files that the harness itself writes. */
class Recorder implements AsyncDisposable {
  readonly faults: LineFile<FaultLine>
  readonly samples: LineFile<SampleLine>
  readonly clock: LineFile<ClockLine>

  private constructor(faults: LineFile<FaultLine>, samples: LineFile<SampleLine>, clock: LineFile<ClockLine>) {
    this.faults = faults
    this.samples = samples
    this.clock = clock
  }

  static async open({ raw }: RunFolder): Promise<Recorder> {
    const file = <T>(name: string) => LineFile.create<T>(path.join(raw, `${name}.ndjson`))
    return new Recorder(await file<FaultLine>('faults'), await file<SampleLine>('samples'), await file<ClockLine>('clock'))
  }

  async flush(): Promise<void> {
    for (const file of this.#files) await file.flush()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const file of this.#files) await file[Symbol.asyncDispose]()
  }

  get #files() {
    return [this.faults, this.samples, this.clock]
  }
}
