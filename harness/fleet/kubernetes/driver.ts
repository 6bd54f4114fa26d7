// k6-operator as a driver: what sends the load is a TestRun in a cluster, one pod a generator. To the run it is a generator like any other:
// prepared (the collector is up and reached), begun (the first start line has come, with a common moment of the clock that lies ahead, so
// the faults begin with it), ended (every generator's last line has come).
//
// Nothing is left: on disposal everything that carries the run's label is deleted; the lease holds the same command for the start after a
// kill -9; and if nobody starts again, the collector's Job ends at its deadline, is removed by its time to live, and takes with it all that
// names it as its owner.
import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FaultKeeper } from '../../environment/service.ts'
import { HarnessError } from '../../errors.ts'
import type { Driver, DriverOptions, Generator, GeneratorEnd } from '../../load/driver.ts'
import { Mirror } from '../mirror.ts'
import { assertFits, KINDS, RUN_LABEL } from './fleet-spec.ts'
import type { Kubectl } from './kubectl.ts'
import { collectorJob, objectsOf } from './manifests.ts'
import { type FleetWishes, specOf } from './spec-of.ts'
import { Way } from './way.ts'
import type { Yaml } from './yaml.ts'

const BEGUN_WITHIN_MS = 300_000
const LOOK_EVERY_MS = 250
const LOOK_AT_PODS_EVERY_MS = 3_000
/** After the plan's end and its patience: the sidecars bring the rest. */
const END_WITHIN_MS = 60_000
/** After a stop: what the sidecars still bring. */
const DRAIN_MS = 30_000
const DELETE_MS = 60_000

export interface ClusterOptions extends FleetWishes {
  kubectl: Kubectl
  /** Where the harness reaches the collector; without it by port-forward. */
  collectorUrl?: string
  keeper: FaultKeeper
  cwd: string
  say: (text: string) => void
}

export function clusterDriver(cluster: ClusterOptions): Driver {
  return { id: 'k6-operator', startsAll: true, prepare: (options) => prepare(cluster, options) }
}

async function prepare(cluster: ClusterOptions, options: DriverOptions): Promise<Generator> {
  const { kubectl, keeper, cwd, say } = cluster
  const { signal, run } = options
  const { spec, agents } = await specOf(options, cluster)
  assertFits(spec, agents)
  const tokens = { agents, collector: randomBytes(32).toString('hex') }
  const label = `${RUN_LABEL}=${run}`
  const forget = keeper.remember([{ do: 'command', command: kubectl.shown(...kubectl.deleteWords(KINDS.join(','), label)), cwd }])
  await using cleanup = new AsyncDisposableStack()
  cleanup.defer(async () => {
    await kubectl.delete(KINDS.join(','), label, AbortSignal.timeout(DELETE_MS))
    forget()
  })
  say(`applying ${spec.parallelism} generators to the cluster (label ${label})`)
  await kubectl.apply([collectorJob(spec)], signal)
  const [job] = await kubectl.get('jobs', label, signal)
  if (!job)
    throw new HarnessError(
      'KUBECTL_FAILED',
      'the collector’s Job is not there right after it was made',
      'is something in the cluster removing it?',
    )
  const objects = objectsOf(spec, tokens, { name: job.metadata.name, uid: job.metadata.uid })
  const [testRun] = objects.splice(-1)
  await kubectl.apply(objects, signal)
  const way = cleanup.use(new Way(cluster, options, tokens.collector))
  say('waiting for the collector')
  await way.reached()
  const mirror = await Mirror.open({ collector: () => way.client(), rawFolder: options.rawFolder, of: spec.parallelism })
  cleanup.defer(() => mirror.close())
  return new ClusterGenerator({ cluster, options, mirror, testRun: testRun as Yaml, label, owned: cleanup.move() })
}

interface ClusterGeneratorOptions {
  cluster: ClusterOptions
  options: DriverOptions
  mirror: Mirror
  testRun: Yaml
  label: string
  owned: AsyncDisposableStack
}

class ClusterGenerator implements Generator {
  readonly pids: readonly number[] = []
  readonly ended: Promise<GeneratorEnd>
  readonly #given: ClusterGeneratorOptions
  readonly #over = new AbortController()
  #begun = false
  #lookedAtMs = 0
  #begunMs = 0
  #end: (end: GeneratorEnd) => void = () => undefined
  #following: Promise<void> = Promise.resolve()

  constructor(given: ClusterGeneratorOptions) {
    this.#given = given
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  get begunMs(): number {
    return this.#begunMs
  }

  /** @throws HarnessError `LOAD_DID_NOT_START`, with what the cluster says of the pods */
  async begin(): Promise<void> {
    const { cluster, options, mirror, testRun } = this.#given
    const { signal } = options
    await cluster.kubectl.apply([testRun], signal)
    this.#begun = true
    cluster.say('waiting for the operator to start the generators')
    const untilMs = Date.now() + BEGUN_WITHIN_MS
    let firstMs: number | undefined
    // A moment longer than the first: others may have begun before it by their clocks.
    while (firstMs === undefined || Date.now() < firstMs + 2 * LOOK_EVERY_MS) {
      await mirror.pull(signal).catch(() => signal.throwIfAborted())
      if (mirror.begunMs !== undefined) firstMs ??= Date.now()
      if (firstMs === undefined && (Date.now() > untilMs || (await this.#hasFailed()))) throw await this.#notBegun()
      await wait(LOOK_EVERY_MS, undefined, { signal })
    }
    this.#begunMs = mirror.begunMs ?? firstMs
    this.#following = this.#follow()
  }

  async stop(): Promise<void> {
    const { cluster, label } = this.#given
    if (!this.#over.signal.aborted && this.#begun) {
      // k6 ends when its pod does; its sidecar brings the rest.
      await cluster.kubectl.delete('testruns.k6.io', label, AbortSignal.timeout(DELETE_MS)).catch(() => undefined)
      const drained = setTimeout(() => this.#over.abort(), DRAIN_MS)
      await this.#following
      clearTimeout(drained)
    }
    this.#over.abort()
    this.#end({ exitCode: null })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#given.owned.disposeAsync()
  }

  async #follow(): Promise<void> {
    const { cluster, options, mirror } = this.#given
    const { endsAtMs, patienceMs } = options.plan
    const late = setTimeout(() => this.#over.abort(), this.#begunMs + endsAtMs + patienceMs + END_WITHIN_MS - Date.now())
    const told = new Set<string>()
    const left = await mirror.follow(this.#over.signal, (problem) => {
      if (!told.has(problem) && told.size < 5) cluster.say(`the collector: ${problem}`)
      told.add(problem)
    })
    clearTimeout(late)
    this.#over.abort()
    await mirror.close()
    if (left.length > 0) cluster.say(`generators that have not ended: ${left.join(', ')}`)
    this.#end({ exitCode: left.length === 0 ? 0 : 1 })
  }

  /** A generator that could not even begin ends the wait: an image that is not there, another plan. */
  async #hasFailed(): Promise<boolean> {
    if (Date.now() - this.#lookedAtMs < LOOK_AT_PODS_EVERY_MS) return false
    this.#lookedAtMs = Date.now()
    const { cluster, label, options } = this.#given
    const pods = await cluster.kubectl.get('pods', label, options.signal).catch(() => [])
    return pods.some(({ status }) => status?.phase === 'Failed')
  }

  async #notBegun(): Promise<HarnessError> {
    const { cluster, label } = this.#given
    const found = await cluster.kubectl.get('testruns.k6.io,pods', label, AbortSignal.timeout(DELETE_MS)).catch(() => [])
    const states = found.map(({ kind, metadata, status }) => `${kind} ${metadata.name}: ${status?.stage ?? status?.phase ?? 'no state'}`)
    return new HarnessError(
      'LOAD_DID_NOT_START',
      `no generator began; ${states.join(', ') || 'nothing of the run is there'}`,
      `is k6-operator 1.6 or newer installed? ${cluster.kubectl.shown('logs', '--all-containers', '-l', label)}`,
    )
  }
}
