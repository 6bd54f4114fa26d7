// The stretch of time that held most beyond what a rate refills: over all windows, the calls that began and ended inside, less rate ×
// length. One pass over the ends with a tree over the beginnings (a call counts for every window that begins before it), so that a
// million calls take n log n steps, not n². Pure.

import { ascending, countBelow } from '../history/sorted.ts'

interface Stay {
  sentAtMs: number
  /** Without it: at once. */
  endedAtMs?: number
}

export interface FullestWindow {
  fromMs: number
  toMs: number
  calls: number
}

/** @returns undefined without calls */
export function fullestWindow(stays: readonly Stay[], perMs: number): FullestWindow | undefined {
  const begins = ascending(stays, ({ sentAtMs }) => sentAtMs)
  const tree = new Maxima(begins.length)
  let most: (FullestWindow & { excess: number }) | undefined
  for (const { sentAtMs, endedAtMs = sentAtMs } of stays.toSorted((a, b) => endOf(a) - endOf(b))) {
    const begin = countBelow(begins, sentAtMs)
    tree.addUpTo(begin)
    // A window that begins with a call still under way holds no more than one that begins with the next.
    tree.open(begin, perMs * sentAtMs)
    const excess = tree.max - perMs * endedAtMs
    if (most && excess <= most.excess) continue
    const fromMs = begins[tree.argMax] ?? sentAtMs
    most = { fromMs, toMs: endedAtMs, calls: Math.round(excess + perMs * (endedAtMs - fromMs)), excess }
  }
  return most && { fromMs: most.fromMs, toMs: most.toMs, calls: most.calls }
}

function endOf({ sentAtMs, endedAtMs = sentAtMs }: Stay): number {
  return endedAtMs
}

/** Values in a row, of which all up to a position grow by one at a time, and the highest is wanted. */
class Maxima {
  readonly #leaves: number
  /** Highest below each node, with what was added there; the root is 1. */
  readonly #highest: Float64Array
  readonly #added: Float64Array

  constructor(length: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(1, length)))
    this.#highest = new Float64Array(2 * this.#leaves).fill(Number.NEGATIVE_INFINITY)
    this.#added = new Float64Array(2 * this.#leaves)
  }

  get max(): number {
    return this.#highest[1] as number
  }

  get argMax(): number {
    let node = 1
    while (node < this.#leaves) {
      const left = 2 * node
      node = (this.#highest[left] as number) >= (this.#highest[left + 1] as number) ? left : left + 1
    }
    return node - this.#leaves
  }

  /** From now on the position takes part, with what was added to it so far. Once. */
  open(position: number, value: number): void {
    let node = position + this.#leaves
    if (this.#highest[node] !== Number.NEGATIVE_INFINITY) return
    this.#highest[node] = value + (this.#added[node] as number)
    for (node >>= 1; node >= 1; node >>= 1) this.#settle(node)
  }

  addUpTo(position: number): void {
    let node = position + this.#leaves
    this.#raise(node)
    for (; node > 1; node >>= 1) {
      if (node % 2 === 1) this.#raise(node - 1)
      this.#settle(node >> 1)
    }
  }

  #raise(node: number): void {
    this.#highest[node] = (this.#highest[node] as number) + 1
    this.#added[node] = (this.#added[node] as number) + 1
  }

  #settle(node: number): void {
    const below = Math.max(this.#highest[2 * node] as number, this.#highest[2 * node + 1] as number)
    this.#highest[node] = below + (this.#added[node] as number)
  }
}
