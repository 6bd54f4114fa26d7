// The spine of a run: start what is needed, send the load, break and heal, record everything, stop. It judges nothing.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Unit, Units } from '../discover.ts'
import type { Images } from '../environment/container-services.ts'
import { freePort } from '../environment/free-port.ts'
import type { FaultDefinition } from '../faults/fault.ts'
import type { Manifest } from '../history/manifest.ts'
import type { Driver } from '../load/driver.ts'
import { prepareGenerators } from '../load/generators.ts'
import { assertRoom } from '../load/preconditions.ts'
import type { PersonaDefinition } from '../persona.ts'
import type { Plan } from '../plan/plan.ts'
import { planHash, planText } from '../plan/text.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Target } from '../target.ts'
import { agentCredentials, agentHeaders, agentTls, oneForAll, sentBy } from './agent-headers.ts'
import { withAlerts } from './alerts.ts'
import { recordEffects } from './effects.ts'
import { startExporter } from './exporter.ts'
import { createRunFolder, pointLatest, type RunFolder } from './folder.ts'
import type { Given } from './given.ts'
import type { HaltRule } from './halt.ts'
import { assertAskable, type PromqlHalt } from './halt-promql.ts'
import { Leaks } from './leaks.ts'
import type { Lease } from './lease.ts'
import { loadAndBreak, type View } from './load-and-break.ts'
import { describeTarget, firstManifest, spanNotes, writeManifest } from './manifest.ts'
import { copyOwnLog, sizeOf } from './own-log.ts'
import { probe } from './probe.ts'
import { Recorder } from './recorder.ts'
import { capsOf, heldBack, heldNotes } from './safety.ts'
import { balancerNotes } from './servers.ts'
import { type Setting, startSetting } from './setting.ts'
import { noteUnseen, withReachedFaults } from './unstarted.ts'

export interface RunOptions {
  plan: Plan
  target: Unit<Target>
  personas: Units<PersonaDefinition>
  faults: Units<FaultDefinition>
  samplers: Units<Sampler>
  driver: Driver
  /** Processes that share the plan. */
  generators: number
  programs: { k6: string; redis: string }
  versions: Record<string, string>
  root: string
  /** Folder under which the run's own folder is made. */
  reports: string
  lease: Lease
  command: string
  notes: string[]
  weaken?: string
  /** A Postgres or a Redis of the user's own, instead of one that the run starts. */
  given?: Given
  /** The API of a toxiproxy that already runs. */
  toxiproxy?: string
  /** Services and servers run in containers of these images. */
  images?: Images
  port?: number
  /** Base address of the user's own OTLP receiver: gets the agents' spans and the run's metrics. */
  otlp?: string
  /** How long a server that somebody else started may take until it is seen to come through the proxy. */
  waitMs: number
  /** When it must stop by itself; undefined: as holds where nothing was said. */
  halts?: readonly HaltRule[]
  promql?: PromqlHalt
  /** Stops the run as a signal would, with the reason. */
  stop: (because: string) => void
  starve?: boolean
  view: View
  /** Aborted: stop the load, heal, keep what was recorded. */
  signal: AbortSignal
}

/**
 * @returns the run's folder, recorded whole (or up to an abort), ready to be judged
 * @throws HarnessError `MEMORY_TOO_SMALL`, before anything is started, and whatever setting up throws
 */
export async function run(options: RunOptions): Promise<RunFolder> {
  assertRoom(options.driver, options.plan.agents.length, process.availableMemory())
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
  const leaks = new Leaks(options.plan)
  try {
    await record(options, folder, recorder, manifest, leaks)
    manifest.searched = await leaks.record(folder)
    manifest.state = options.signal.aborted ? 'aborted' : 'complete'
  } catch (error) {
    manifest.state = 'aborted'
    if (!options.signal.aborted) throw error
    manifest.notes.push('stopped before its end, while it was being set up')
  } finally {
    manifest.notes.push(...spanNotes(manifest.spans))
    if (options.signal.aborted) manifest.notes.push((options.signal.reason as Error).message)
    manifest.endedAt = new Date().toISOString()
    manifest.harness = { maxRssBytes: process.resourceUsage().maxRSS * 1024 }
    const unwritten = await recorder.flush().catch((error: unknown) => error)
    if (unwritten !== undefined) manifest.state = 'aborted'
    await writeManifest(folder.path, manifest)
    if (unwritten !== undefined) options.view.say((unwritten as Error).message)
  }
  return folder
}

async function record(options: RunOptions, folder: RunFolder, recorder: Recorder, manifest: Manifest, leaks: Leaks): Promise<void> {
  const { plan, target, lease, view, signal } = options
  await using setting = await startSetting({
    plan,
    target: target.value,
    cwd: options.root,
    folder,
    attemptsFile: path.join(folder.raw, 'links.ndjson'),
    keeper: lease,
    redisProgram: options.programs.redis,
    given: options.given ?? {},
    ...(options.images && { images: options.images }),
    ...(options.toxiproxy !== undefined && { toxiproxy: options.toxiproxy }),
    ...(options.weaken !== undefined && { weaken: options.weaken }),
    ...(options.port !== undefined && { port: options.port }),
    progress: view.say,
    look: (text) => leaks.look(text, 'spans'),
    signal,
  })
  manifest.notes.push(...setting.notes)
  describeTarget(manifest, setting, target.value, plan)
  setting.environment.metricsText = (text) => leaks.look(text, 'metrics')
  const { headers, credentials, tls } = await identities(options, setting, manifest, leaks)
  const client = { headers: headers.first[0] ?? {}, tls: tls[0] ?? {} }
  await probe(setting.url, client, plan, signal, capsOf(target.value).writes)
  const seen = { ...unstartedOf(options, setting, folder), client }
  const { logs } = setting.observe
  const ownLog = target.value.start ? undefined : logs?.file
  const ownLogBytes = ownLog === undefined ? 0 : await sizeOf(ownLog)
  const tried = await withReachedFaults({ ...seen, waitMs: options.waitMs, say: view.say })
  const held = heldBack(setting.url, target.value, plan)
  if (held) manifest.notes.push(...heldNotes(held, plan))
  manifest.notes.push(...(plan.leftOut ?? []))
  if (options.promql) await assertAskable(options.promql, signal)
  await writeManifest(folder.path, manifest)
  view.say(`preparing ${plan.agents.length} agents`)
  await using generator = await prepareGenerators(
    { ...options, freePort },
    {
      plan,
      planFile: path.join(folder.path, 'plan.json'),
      personas: options.personas,
      url: setting.environment.url,
      ...(setting.environment.url !== setting.url && { hostHeader: new URL(setting.url).host }),
      headers: headers.first,
      later: headers.later,
      tls,
      credentials,
      ...(held && { allowances: held }),
      ...(setting.observe.instanceHeader !== undefined && { instanceHeader: setting.observe.instanceHeader }),
      run: manifest.run,
      seed: plan.seed,
      rawFolder: folder.raw,
      logFolder: folder.logs,
      k6Path: options.programs.k6,
      keeper: lease,
      signal,
    },
  )
  const { id } = options.driver
  const generators = Object.fromEntries(generator.pids.map((pid, n) => [n === 0 ? id : `${id}-${n + 1}`, pid]))
  setting.environment.processes = { ...setting.environment.processes, ...generators }
  const exporter = options.otlp === undefined ? undefined : startExporter(folder.path, options.otlp, lease)
  await withAlerts({ plan, setting, folder, root: options.root, signal }, manifest, () =>
    loadAndBreak({ ...options, plan: tried }, folder, recorder, manifest, setting, generator),
  )
  if (exporter) manifest.notes.push(await exporter.end())
  manifest.notes.push(...setting.proxy.problems, ...(await balancerNotes(setting.balancer, manifest.t0Ms ?? 0)))
  await noteUnseen(seen, manifest)
  if (ownLog !== undefined) {
    await copyOwnLog(ownLog, manifest.run, folder)
    await leaks.lookInto(ownLog, ownLogBytes)
  }
  manifest.notes.push(...(await recordEffects(setting.environment.database, target.value, manifest, folder)))
}

/** What each agent sends, shows and tries; none of it may turn up elsewhere. */
async function identities({ plan, target, view, signal }: RunOptions, { context }: Setting, { notes }: Manifest, leaks: Leaks) {
  const headers = await agentHeaders(target.value, context, Date.now() + plan.endsAtMs + plan.patienceMs, signal)
  const alike = oneForAll(headers)
  if (alike !== undefined) {
    notes.push(alike)
    view.say(alike)
  }
  const credentials = await agentCredentials(target.value, plan, context, signal)
  for (const [index, { agent }] of plan.agents.entries()) for (const sent of sentBy(index, headers, credentials)) leaks.know(agent, sent)
  return { headers, credentials, tls: await agentTls(target.value, context.agents, signal) }
}

function unstartedOf({ plan, target, faults, signal }: RunOptions, { proxy, url }: Setting, { raw }: RunFolder) {
  const links = Object.fromEntries(Object.values(proxy.links).map(({ name, address }) => [name, address]))
  return { plan, target: target.value, faults, links, attemptsFile: path.join(raw, 'links.ndjson'), url, signal }
}
