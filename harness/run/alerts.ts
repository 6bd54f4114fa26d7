// The server's own alert rules, watched while the load goes on: of every text of metrics that is read (samplers/prometheus.ts) what they
// speak of is kept, in raw/metrics.ndjson too, and the rules are evaluated on it when the run is over (alert-rules.ts).
// Only where a check asks for it.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Agent, request } from 'undici'
import type { Manifest } from '../history/manifest.ts'
import type { Plan } from '../plan/plan.ts'
import { parseSeries } from '../samplers/prometheus-text.ts'
import type { AlertReading } from './alert-rules.ts'
import { alertNames, countersIn, firing, namesIn, RULES_FILE, ran, stretchOf } from './alert-rules.ts'
import type { RunFolder } from './folder.ts'
import { LineFile } from './line-file.ts'
import type { Setting } from './setting.ts'

const CHECK = 'alerts-fire'
const EVERY_MS = 250
/** A long run is read less often. */
const READINGS_MAX = 2_000
const ANSWER_MS = 1_000
const ANSWER_BYTES_MAX = 4_000_000
const INSTALL = 'install promtool: apt-get install prometheus, brew install prometheus, or node setup.mjs promtool'

interface WatchOptions {
  plan: Plan
  setting: Setting
  folder: RunFolder
  root: string
  signal: AbortSignal
}

/** Does the work, the rules' metrics being read meanwhile; the manifest tells what fired, or why nobody knows. */
export async function withAlerts(options: WatchOptions, manifest: Manifest, work: () => Promise<void>): Promise<void> {
  const watch = await watchAlerts(options)
  if (typeof watch === 'string') manifest.offers.alerts = watch
  if (watch === undefined || typeof watch === 'string') return await work()
  await using reading = watch
  await work()
  try {
    manifest.alerts = await reading.evaluate(manifest.t0Ms ?? 0)
  } catch (error) {
    manifest.notes.push(`the alert rules could not be evaluated: ${(error as Error).message}`)
  }
}

/** Undefined when nobody asks or the target names no rules; a sentence when what it needs is missing. */
async function watchAlerts({ plan, setting, folder, root, signal }: WatchOptions): Promise<Watch | string | undefined> {
  const { alerts, metrics } = setting.observe
  if (!plan.checks.some(({ check }) => check === CHECK) || !alerts || !metrics) return undefined
  const promtool = await promtoolOf(root)
  if (promtool === undefined) return INSTALL
  const rules = await textAt(alerts.rules, root, signal).catch((error: Error) => error)
  if (rules instanceof Error) return `observe: { alerts: { rules: '…' } } (${alerts.rules} cannot be read: ${rules.message})`
  await writeFile(path.join(folder.raw, RULES_FILE), rules)
  const watch = await Watch.open({ plan, folder, rules, promtool, job: alerts.job ?? 'server' })
  setting.environment.metricsSeen = (instance, text, atMs) => watch.see(instance, text, atMs)
  return watch
}

interface Watched {
  plan: Plan
  folder: RunFolder
  rules: string
  promtool: string
  job: string
}

class Watch implements AsyncDisposable {
  readonly #watched: Watched
  readonly #file: LineFile<AlertReading>
  readonly #readings: AlertReading[] = []
  readonly #counters = new Set<string>()
  readonly #wanted: ReadonlySet<string>
  readonly #everyMs: number
  readonly #lastAtMs = new Map<string, number>()

  private constructor(watched: Watched, file: LineFile<AlertReading>) {
    this.#watched = watched
    this.#file = file
    this.#wanted = namesIn(watched.rules)
    this.#everyMs = Math.max(EVERY_MS, Math.ceil(watched.plan.endsAtMs / READINGS_MAX))
  }

  static async open(watched: Watched): Promise<Watch> {
    return new Watch(watched, await LineFile.create<AlertReading>(path.join(watched.folder.raw, 'metrics.ndjson')))
  }

  see(instance: string, text: string | undefined, atMs: number): void {
    if (atMs - (this.#lastAtMs.get(instance) ?? 0) < this.#everyMs / 2) return
    this.#lastAtMs.set(instance, atMs)
    for (const name of countersIn(text ?? '')) this.#counters.add(name)
    const series = text === undefined ? undefined : parseSeries(text).filter(({ name }) => this.#wanted.has(name))
    const reading = { atMs, instance, ...(series && { series }) }
    this.#readings.push(reading)
    this.#file.append(reading)
  }

  /** What the rules make of it. @throws Error with what promtool says */
  async evaluate(t0Ms: number): Promise<NonNullable<Manifest['alerts']>> {
    const { plan, folder, rules, promtool, job } = this.#watched
    const stretch = stretchOf(plan.phases)
    const readings = this.#readings.map((reading) => ({ ...reading, atMs: reading.atMs - t0Ms })).filter(({ atMs }) => atMs >= 0)
    const evaluation = { readings, counters: this.#counters, everyMs: this.#everyMs, stretch, job }
    return { stretch, rules: alertNames(rules), readings: readings.length, fired: await firing(promtool, folder.raw, evaluation) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }
}

/** A file, from where the run was started, or an address. */
async function textAt(place: string, root: string, signal: AbortSignal): Promise<string> {
  if (!/^https?:/.test(place)) return await readFile(path.resolve(root, place), 'utf8')
  const dispatcher = new Agent({ maxResponseSize: ANSWER_BYTES_MAX })
  try {
    const { statusCode, body } = await request(place, { dispatcher, signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${place} answered ${statusCode}`)
    return text
  } finally {
    await dispatcher.destroy()
  }
}

/** Set-up's, or the machine's; never one that lies where the run was started, which may be anybody's folder. */
async function promtoolOf(root: string): Promise<string | undefined> {
  for (const program of [path.resolve(import.meta.dirname, '../../.tools/promtool'), 'promtool']) {
    const version = await ran(program, ['--version'], root).catch(() => undefined)
    if (version?.code === 0) return program
  }
  return undefined
}
