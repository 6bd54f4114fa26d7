// undici as the load engine: a process of our own that follows the same plan with the same code, needs no k6, and can do what k6
// cannot: abort in mid-stream, answer a server's requests, use a client certificate for each agent.
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type Child, startChild } from '../../environment/child.ts'
import type { Keeper } from '../../environment/service.ts'
import { HarnessError } from '../../errors.ts'
import { type Driver, type DriverOptions, type Generator, type GeneratorEnd, partName } from '../driver.ts'
import { fleetFacts } from '../facts.ts'
import { peakMemory } from '../peak-memory.ts'
import { assertDrivable, shareOfRate } from '../preconditions.ts'
import type { Order, Reply, Request } from './messages.ts'

const READY_WITHIN_MS = 30_000
/** What the channel says once it has been interrupted: its lines are written. */
const STOP_WITHIN_MS = 5_000
const LOOK_AT_MEMORY_EVERY_MS = 500

export const undiciDriver: Driver = { id: 'undici', holdsStreams: true, agentBytes: 80_000, prepare }

async function prepare(options: DriverOptions): Promise<Generator> {
  assertDrivable(options)
  const { keeper, signal } = options
  signal.throwIfAborted()
  const log = path.join(options.logFolder, partName('undici.log', options.share))
  const started = new UndiciProcess(await startWithLog(keeper, log))
  try {
    await started.ready(orderOf(options), AbortSignal.any([signal, AbortSignal.timeout(READY_WITHIN_MS)]))
    return started
  } catch (error) {
    await started.stop()
    signal.throwIfAborted()
    const text = `${error instanceof Error ? error.message : error}\n${await readFile(log, 'utf8').catch(() => '')}`.trim()
    const hint = 'look at the personas of the scenario: they may import harness/persona.ts and harness/parameters.ts only'
    throw new HarnessError('LOAD_DID_NOT_START', `the undici driver did not get ready: ${text}`, hint, error)
  }
}

async function startWithLog(keeper: Keeper, log: string): Promise<Child> {
  await using file = await open(log, 'w')
  return await startChild({
    keeper,
    name: 'undici',
    file: process.execPath,
    args: [path.join(import.meta.dirname, 'main.ts')],
    stdio: ['ignore', file.fd, file.fd, 'ipc'],
  })
}

function orderOf(options: DriverOptions): Order {
  const { plan, personas, planFile, rawFolder, share } = options
  const used = [...new Set(plan.agents.map(({ persona }) => persona))].map((id) => personas.get(id))
  return {
    planFile: path.resolve(planFile),
    personas: used.map(({ id, path: file, exportName }) => ({ id, path: path.resolve(file), exportName })),
    linesFile: path.resolve(rawFolder, partName('load.ndjson', share)),
    share,
    facts: fleetFacts(options),
    tls: options.tls ?? [],
    ...(options.allowances && { ratePerSecond: shareOfRate(options.allowances, share) }),
  }
}

class UndiciProcess implements Generator {
  readonly pids: readonly number[]
  readonly ended: Promise<GeneratorEnd>
  readonly #child: Child

  constructor(child: Child) {
    this.#child = child
    this.pids = [child.pid]
    let maxRssBytes: number | undefined
    const look = setInterval(() => {
      maxRssBytes = peakMemory(child.pid) ?? maxRssBytes
    }, LOOK_AT_MEMORY_EVERY_MS)
    this.ended = child.exited.then(({ code }) => {
      clearInterval(look)
      return { exitCode: code, ...(maxRssBytes !== undefined && { maxRssBytes }) }
    })
  }

  /** Hands the order over; resolves once every file has been read. */
  async ready(order: Order, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      this.#child.process.once('message', (reply: Reply) => (reply.said === 'ready' ? resolve() : reject(new Error(reply.text))))
      void this.#child.exited.then(({ code }) => reject(new Error(`it ended with ${code}`)))
      this.#tell({ do: 'prepare', order })
    })
  }

  begin(): Promise<void> {
    this.#tell({ do: 'begin' })
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    // A generator that was starved is stopped in another sense.
    if (this.#child.running) this.#child.process.kill('SIGCONT')
    await this.#child.stop('SIGINT', STOP_WITHIN_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #tell(request: Request): void {
    // One that has gone is known by its end.
    if (this.#child.running) this.#child.process.send(request, () => undefined)
  }
}
