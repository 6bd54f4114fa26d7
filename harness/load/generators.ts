// One generator, or several that share one plan: each takes an equal part of the agents, all begin at once, and each writes a file
// of its own, which the history joins again by their start lines.
import type { Driver, DriverOptions, Generator, GeneratorEnd } from './driver.ts'

export interface Fleet {
  driver: Driver
  /** How many processes. */
  generators: number
  /** A loopback port for each one's control. */
  freePort: () => Promise<number>
}

/** All of them, ready to begin; when one cannot, none is left. */
export async function prepareGenerators({ driver, generators, freePort }: Fleet, options: SharedOptions): Promise<Generator> {
  await using cleanup = new AsyncDisposableStack()
  const prepared: Generator[] = []
  // One after the other: making agents takes a core each.
  for (let part = 0; part < (driver.startsAll ? 1 : generators); part++) {
    const share = { part, of: generators }
    prepared.push(cleanup.use(await driver.prepare({ ...options, share, controlPort: await freePort() })))
  }
  cleanup.move()
  return new Together(prepared)
}

export type SharedOptions = Omit<DriverOptions, 'share' | 'controlPort'>

class Together implements Generator {
  readonly pids: readonly number[]
  readonly ended: Promise<GeneratorEnd>
  readonly #all: readonly Generator[]

  constructor(all: readonly Generator[]) {
    this.#all = all
    this.pids = all.flatMap(({ pids }) => pids)
    this.ended = Promise.all(all.map(({ ended }) => ended)).then(joinEnds)
  }

  get begunMs(): number | undefined {
    return this.#all[0]?.begunMs
  }

  async begin(): Promise<void> {
    await Promise.all(this.#all.map((one) => one.begin()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((one) => one.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#all.map((one) => one[Symbol.asyncDispose]()))
  }
}

/** The first that did not end well speaks for all; memory is what they took together. */
function joinEnds(ends: readonly GeneratorEnd[]): GeneratorEnd {
  const worst = ends.find(({ exitCode }) => exitCode !== 0) ?? ends[0]
  const known = ends.flatMap(({ maxRssBytes }) => (maxRssBytes === undefined ? [] : [maxRssBytes]))
  return { exitCode: worst?.exitCode ?? null, ...(known.length > 0 && { maxRssBytes: known.reduce((sum, bytes) => sum + bytes, 0) }) }
}
