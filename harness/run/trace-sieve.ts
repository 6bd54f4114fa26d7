// Which traces are kept when there is not room for all. Half of the room takes everything; from then on, each time a sixteenth of the other
// half has been used, every other trace is left out, whole ones by the last digits of their id. So those that `oneIn` stands for in the end
// are kept whole and tell of the whole run, and the room lasts for 4,000 times as many spans as fit. Pure.
import type { SpanLine } from '../history/raw-line.ts'
import { isKept } from '../history/spans.ts'

const STEPS = 16

export class TraceSieve {
  /** One of every so many traces is kept; a power of two. */
  oneIn = 1
  readonly #stepBytes: number
  #leftBytes: number
  #thinnerAtBytes: number

  constructor(roomBytes: number) {
    this.#leftBytes = roomBytes
    this.#thinnerAtBytes = roomBytes / 2
    this.#stepBytes = roomBytes / 2 / STEPS
  }

  /** @param sizeBytes of its line */
  keeps({ trace }: Pick<SpanLine, 'trace'>, sizeBytes: number): boolean {
    if (!isKept(trace, this.oneIn) || sizeBytes > this.#leftBytes) return false
    this.#leftBytes -= sizeBytes
    while (this.#leftBytes < this.#thinnerAtBytes) {
      this.oneIn *= 2
      this.#thinnerAtBytes -= this.#stepBytes
    }
    return true
  }
}
