// Holds all agents of a process to a cap: at most so many sends in any window of 1 s. The plan and the agents' own allowances already keep
// below it; this is for what they cannot see, such as a machine that stood still and then sends everything that had become due.

const WINDOW_MS = 1_000

export class Gate {
  /** When each of the last sends may leave, ascending. */
  readonly #turns: number[] = []
  readonly #ratePerSecond: number
  readonly #nowMs: () => number

  constructor(ratePerSecond: number, nowMs = () => performance.now()) {
    this.#ratePerSecond = ratePerSecond
    this.#nowMs = nowMs
  }

  /** Resolves when it may leave. */
  async turn(): Promise<void> {
    const atMs = this.reserve()
    // A timer may fire a millisecond early.
    for (let leftMs = atMs - this.#nowMs(); leftMs > 0; leftMs = atMs - this.#nowMs()) {
      await new Promise((resolve) => setTimeout(resolve, leftMs))
    }
  }

  /** @returns when, by the same clock */
  reserve(): number {
    const before = this.#turns.length === this.#ratePerSecond ? (this.#turns.shift() ?? 0) + WINDOW_MS : 0
    const atMs = Math.max(this.#nowMs(), before)
    this.#turns.push(atMs)
    return atMs
  }
}
