// The toxics in force at one link, and what they make of its bytes. Draws come from the toxic's seed, in one row for the
// agents' connections and another for canaries, so that a canary never shifts what the agents get.
import type { Toxics } from '../../environment/service.ts'
import { createDraw, type Draw } from '../../plan/draw.ts'
import { type Shape, shapeOf } from './shape.ts'

/** Which of the link's two listeners a connection came by. */
export type Door = 'main' | 'canary'

export type AddedToxic = { [K in keyof Toxics]: { toxic: K; parameters: Toxics[K] } }[keyof Toxics]
type InForce = AddedToxic & { draws: Record<Door, Draw> }

export class ToxicSet {
  readonly #baseDelayMs: number
  readonly #inForce = new Map<number, InForce>()
  #last = 0
  #shape: Shape

  constructor(baseDelayMs: number) {
    this.#baseDelayMs = baseDelayMs
    this.#shape = shapeOf([], baseDelayMs)
  }

  /** What those in force come to. */
  get shape(): Shape {
    return this.#shape
  }

  /** By number, oldest first. */
  get list(): (AddedToxic & { id: number })[] {
    return [...this.#inForce].map(([id, { draws: _draws, ...added }]) => ({ id, ...added }))
  }

  add(added: AddedToxic): number {
    const draw = createDraw('seed' in added.parameters ? (added.parameters.seed ?? 0) : 0, added.toxic)
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

  /** What the next chunk waits, ms: the link's own delay and every latency in force. */
  delayMs(door: Door): number {
    let delayMs = this.#baseDelayMs
    if (!this.#shape.late) return delayMs
    for (const { toxic, parameters, draws } of this.#inForce.values()) {
      if (toxic !== 'latency') continue
      const jitterMs = parameters.jitterMs ? (draws[door].unit() * 2 - 1) * parameters.jitterMs : 0
      delayMs += Math.max(0, parameters.delayMs + jitterMs)
    }
    return delayMs
  }

  /** How many bytes of an answer that begins now may pass; Infinity: all of it. */
  answerBytes(door: Door): number {
    let allowed = Number.POSITIVE_INFINITY
    if (!this.#shape.cuts) return allowed
    for (const { toxic, parameters, draws } of this.#inForce.values()) {
      if (toxic === 'cut' && draws[door].chance(parameters.share)) allowed = Math.min(allowed, parameters.afterBytes)
    }
    return allowed
  }

  #changed(): void {
    this.#shape = shapeOf([...this.#inForce.values()], this.#baseDelayMs)
  }
}
