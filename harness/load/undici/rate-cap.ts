// Holds all agents of a process to a cap: at most so many sends in any window of 1 s. The plan and the agents' own allowances already keep
// below it; this is for what they cannot see, such as a machine that stood still and then sends everything that had become due.
//
// What counts is when a send has really left, not when it was to: a timer that fires late would let the next second's sends come upon
// those of the last. The window is a tenth longer, so that sends that bunch on their way do not pass the cap where they arrive.

const WINDOW_MS = 1_100

export class RateCap {
  /** When each of the last sends left, ascending; at most as many as may leave in a window. */
  readonly #left: number[] = []
  readonly #ratePerSecond: number
  readonly #nowMs: () => number
  readonly #wait: (ms: number) => Promise<void>
  /** All who came before, in their order. */
  #queue: Promise<void> = Promise.resolve()

  constructor(
    ratePerSecond: number,
    nowMs = () => performance.now(),
    wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#ratePerSecond = ratePerSecond
    this.#nowMs = nowMs
    this.#wait = wait
  }

  /** Resolves when it may leave: at once. */
  turn(): Promise<void> {
    this.#queue = this.#queue.then(() => this.#next())
    return this.#queue
  }

  async #next(): Promise<void> {
    if (this.#left.length === this.#ratePerSecond) {
      const atMs = (this.#left.shift() ?? 0) + WINDOW_MS
      // A timer may fire a millisecond early.
      for (let soonMs = atMs - this.#nowMs(); soonMs > 0; soonMs = atMs - this.#nowMs()) await this.#wait(soonMs)
    }
    this.#left.push(this.#nowMs())
  }
}
