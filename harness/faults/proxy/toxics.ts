// The toxics in force at one link, and what they make of a connection's bytes, each way. Draws come from the toxic's seed, in one
// row for the agents' connections and another for canaries, so that a canary never shifts what the agents get. Which connections a
// toxic of less than all is for hangs on their number at their door alone.
import type { Stream, Toxics } from '../../environment/service.ts'
import { createDraw, type Draw } from '../../plan/draw.ts'
import { type Shape, shapeOf } from './shape.ts'

/** Which of the link's two listeners a connection came by. */
export type Door = 'main' | 'canary'

/** A connection: the how manieth through its door. */
export interface Arrival {
  door: Door
  number: number
}

export type AddedToxic = { [K in keyof Toxics]: { toxic: K; parameters: Toxics[K] } }[keyof Toxics]
type InForce = AddedToxic & { draws: Record<Door, Draw> }

export class ToxicSet {
  readonly #baseDelayMs: number
  readonly #inForce = new Map<number, InForce>()
  #last = 0
  /** Of the doors, while every toxic is for all connections and both ways. */
  #alike: Record<Door, View> | undefined

  constructor(baseDelayMs: number) {
    this.#baseDelayMs = baseDelayMs
    this.#changed()
  }

  /** By number, oldest first. */
  get list(): (AddedToxic & { id: number })[] {
    return [...this.#inForce].map(([id, { draws: _draws, ...added }]) => ({ id, ...added }))
  }

  /** Attempts to connect are swallowed. */
  get blackHole(): boolean {
    return this.list.some(({ toxic }) => toxic === 'blackHole')
  }

  add(added: AddedToxic): number {
    const draw = createDraw(seedOf(added), added.toxic)
    this.#inForce.set(++this.#last, { ...added, draws: { main: draw.fork('main'), canary: draw.fork('canary') } })
    this.#changed()
    return this.#last
  }

  /** Other parameters from now on; what it draws goes on where it was. One that is gone stays gone. */
  change(id: number, parameters: AddedToxic['parameters']): void {
    const before = this.#inForce.get(id)
    if (before) this.#inForce.set(id, { ...before, parameters } as InForce)
    this.#changed()
  }

  remove(id: number): void {
    this.#inForce.delete(id)
    this.#changed()
  }

  /** Whether this toxic is for this connection, whichever way. */
  hits(id: number, arrival: Arrival): boolean {
    const toxic = this.#inForce.get(id)
    return toxic !== undefined && isFor(toxic, arrival)
  }

  /** What those in force come to for a connection's bytes one way, until they change. */
  view(arrival: Arrival, stream: Stream): View {
    if (this.#alike) return this.#alike[arrival.door]
    const own = [...this.#inForce.values()].filter((toxic) => isFor(toxic, arrival) && [stream, undefined].includes(streamOf(toxic)))
    return new View(own, arrival.door, this.#baseDelayMs)
  }

  #changed(): void {
    const all = [...this.#inForce.values()]
    const view = (door: Door) => new View(all, door, this.#baseDelayMs)
    this.#alike = all.every((toxic) => toxicityOf(toxic) >= 1 && !streamOf(toxic))
      ? { main: view('main'), canary: view('canary') }
      : undefined
  }
}

/** The toxics that are for a connection's bytes one way. */
export class View {
  readonly shape: Shape
  readonly #own: readonly InForce[]
  readonly #door: Door
  readonly #baseDelayMs: number

  constructor(own: readonly InForce[], door: Door, baseDelayMs: number) {
    this.shape = shapeOf(own, baseDelayMs)
    this.#own = own
    this.#door = door
    this.#baseDelayMs = baseDelayMs
  }

  /** What the next chunk waits, ms: the link's own delay and every latency. */
  delayMs(): number {
    let delayMs = this.#baseDelayMs
    if (!this.shape.late) return delayMs
    for (const { toxic, parameters, draws } of this.#own) {
      if (toxic !== 'latency') continue
      const jitterMs = parameters.jitterMs ? (draws[this.#door].unit() * 2 - 1) * parameters.jitterMs : 0
      delayMs += Math.max(0, parameters.delayMs + jitterMs)
    }
    return delayMs
  }

  /** How many bytes of an answer that begins now may pass; Infinity: all of it. */
  answerBytes(): number {
    let allowed = Number.POSITIVE_INFINITY
    if (!this.shape.cuts) return allowed
    for (const { toxic, parameters, draws } of this.#own) {
      if (toxic === 'cut' && draws[this.#door].chance(parameters.share)) allowed = Math.min(allowed, parameters.afterBytes)
    }
    return allowed
  }
}

function isFor(added: AddedToxic, { door, number }: Arrival): boolean {
  const toxicity = toxicityOf(added)
  return toxicity >= 1 || createDraw(seedOf(added), `${added.toxic}/${door}/${number}`).unit() < toxicity
}

function toxicityOf({ parameters }: AddedToxic): number {
  return 'toxicity' in parameters ? (parameters.toxicity ?? 1) : 1
}

function seedOf({ parameters }: AddedToxic): number {
  return 'seed' in parameters ? (parameters.seed ?? 0) : 0
}

function streamOf({ parameters }: AddedToxic): Stream | undefined {
  return 'stream' in parameters ? parameters.stream : undefined
}
