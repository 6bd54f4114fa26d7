// From the first planned moment to the last answer: load, faults, samplers, clock and the live figures side by side.
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { HarnessError } from '../errors.ts'
import type { Manifest } from '../history/manifest.ts'
import type { FaultLine } from '../history/raw-line.ts'
import { isDuring } from '../history/stretch.ts'
import { type Generator, partName } from '../load/driver.ts'
import type { Plan } from '../plan/plan.ts'
import { readClock, systemClock } from './clock.ts'
import type { RunFolder } from './folder.ts'
import { watches } from './halt-watches.ts'
import { recordHits } from './hits.ts'
import { type LiveFigures, LiveFile } from './live.ts'
import { type LiveBreaker, type LivePool, LiveSamples } from './live-samples.ts'
import { writeManifest } from './manifest.ts'
import type { Recorder } from './recorder.ts'
import { revokeMidway } from './revocation.ts'
import type { RunOptions } from './run.ts'
import { runSamplers } from './sampling.ts'
import { noteEnds } from './servers.ts'
import type { Setting } from './setting.ts'
import { starve } from './starve.ts'
import { runTimeline, timelineOf } from './timeline.ts'

const CLOCK_EVERY_MS = 5_000
const LIVE_EVERY_MS = 250
const BEGIN_WITHIN_MS = 20_000

export interface LiveState extends LiveFigures {
  phase: string
  leftMs: number
  totalMs: number
  /** In force. */
  faults: string[]
  breakers: LiveBreaker[]
  pools: LivePool[]
}

/** What a run tells while it goes on. */
export interface View {
  say(text: string): void
  live(state: LiveState): void
}

/** @throws HarnessError `LOAD_DID_NOT_START`, `PROXY_DIED`, `BALANCER_DIED`; what kept a fault from being healed */
export async function loadAndBreak(
  options: RunOptions,
  folder: RunFolder,
  recorder: Recorder,
  manifest: Manifest,
  setting: Setting,
  generator: Generator,
): Promise<void> {
  const { plan, view, signal } = options
  const sloMs = new Map(Object.entries(plan.roles).map(([role, { sloMs: ms }]) => [role, ms]))
  await using live = new LiveFile(loadFiles(folder.raw, options.generators), (role) => sloMs.get(role))
  const samples = new LiveSamples()
  const over = new AbortController()
  const untilOver = AbortSignal.any([signal, over.signal])
  const tasks: Promise<unknown>[] = []
  // Kept aside until the end: one that fails meanwhile must not take the process with it.
  const aside = (task: Promise<unknown>) => {
    task.catch(() => undefined)
    tasks.push(task)
  }
  try {
    recorder.clock.append(readClock(systemClock))
    aside(runClock(recorder, over.signal))
    const deaths = noteDeaths(setting, manifest, over.signal)
    aside(deaths)
    const sampling = runSamplers({
      ...options,
      environment: setting.environment,
      observe: setting.observe,
      record: (line) => {
        recorder.samples.append(line)
        samples.take(line, line.atMs - (manifest.t0Ms ?? line.atMs))
      },
      signal: over.signal,
    })
    aside(sampling.then((failed) => noteGaps(manifest, failed)))
    for (const watch of watches(options, setting.url, () => live.figures(), over.signal)) aside(watch)
    aside(recordHits(setting.environment.upstream, (line) => recorder.upstream.append(line), over.signal))
    await generator.begin()
    const t0Ms = generator.begunMs ?? (await began(live, generator, signal))
    manifest.t0Ms = t0Ms
    await writeManifest(folder.path, manifest)
    if (options.starve) for (const pid of generator.pids) aside(starve(pid, over.signal))
    const faultsInForce = new Set<string>()
    const faultLines: FaultLine[] = []
    const timeline = runTimeline({
      faults: plan.faults,
      units: options.faults,
      environment: setting.environment,
      t0Ms,
      record: (line) => {
        recorder.faults.append(line)
        faultLines.push(line)
        manifest.faults = timelineOf(plan.faults, faultLines, t0Ms)
        if (line.event === 'injected') faultsInForce.add(line.fault)
        if (line.event === 'healing') faultsInForce.delete(line.fault)
      },
      signal: untilOver,
    })
    aside(timeline)
    aside(revokeMidway({ plan, target: options.target.value, context: setting.context, t0Ms, manifest, signal: untilOver }))
    aside(showLive({ plan, t0Ms, live, samples, faults: faultsInForce, view }, untilOver))
    // A fault that cannot be healed ends the run as an abort does.
    const stop = () => void generator.stop()
    for (const vital of [timeline, deaths]) vital.catch(stop)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    const end = await generator.ended
    signal.removeEventListener('abort', stop)
    manifest.generator = {
      exitCode: end.exitCode,
      ...(end.maxRssBytes !== undefined && { maxRssBytes: end.maxRssBytes }),
    }
    noteEnd(manifest, signal)
    await timeline
    if (plan.afterMs !== undefined) await wait(plan.afterMs, undefined, { signal }).catch(() => undefined)
    over.abort()
    await deaths
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
  throw new HarnessError(
    'LOAD_DID_NOT_START',
    `the load generator did not begin its plan within ${BEGIN_WITHIN_MS / 1_000} s`,
    'see logs/ in the run folder',
  )
}

function loadFiles(raw: string, of: number): string[] {
  return Array.from({ length: of }, (_, part) => path.join(raw, partName('load.ndjson', { part, of })))
}

/** Exit codes with which a generator has done its work: k6's own for a run, and for one whose thresholds or time ended it. */
const RAN: readonly (number | null)[] = [0, 99, 103, 108]

function noteEnd({ generator, notes, driver }: Manifest, signal: AbortSignal): void {
  if (!generator || signal.aborted || RAN.includes(generator.exitCode)) return
  notes.push(
    `the load generator (${driver}) ended in the middle of the run, ${generator.exitCode === null ? 'killed' : `exit ${generator.exitCode}`}`,
  )
}

async function runClock(recorder: Recorder, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await wait(CLOCK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    recorder.clock.append(readClock(systemClock))
  }
}

interface Showing {
  plan: Plan
  t0Ms: number
  live: LiveFile
  samples: LiveSamples
  faults: ReadonlySet<string>
  view: View
}

async function showLive({ plan, t0Ms, live, samples, faults, view }: Showing, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const atMs = Date.now() - t0Ms
    const phase = plan.phases.find((phase) => isDuring(phase, atMs))
    view.live({
      phase: phase?.name ?? (atMs < 0 ? 'starting' : 'last answers'),
      leftMs: Math.max(0, plan.endsAtMs - atMs),
      totalMs: plan.endsAtMs,
      faults: [...faults],
      breakers: samples.breakers,
      pools: samples.pools,
      ...live.figures(),
    })
    await wait(LIVE_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** A server that ends in the middle is a finding, and said; without the proxy or the balancer nothing that follows is true. */
async function noteDeaths({ environment, proxy, balancer }: Setting, manifest: Manifest, signal: AbortSignal): Promise<void> {
  noteEnds(environment.servers, manifest, signal)
  while (!signal.aborted) {
    await wait(CLOCK_EVERY_MS / 5, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    const dead = proxy.running ? balancer && !balancer.running && 'balancer' : 'proxy'
    if (dead) throw new HarnessError(`${dead.toUpperCase()}_DIED`, `the ${dead} ended in the middle of the run`, 'run it again')
  }
}

function noteGaps(manifest: Manifest, failed: Record<string, number>): void {
  for (const [sampler, times] of Object.entries(failed)) manifest.notes.push(`sampler ${sampler}: ${times} readings were not answered`)
}
