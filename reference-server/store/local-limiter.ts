// The limiter's arithmetic in the process' own memory, for when Redis is away: rates and calls at once. Hours and days are not
// counted here: their counts are in Redis, and half a minute's rate does not spend a day.
// Bounded: `keysMax` buckets, the least recently charged give way.
// Does not model: replays (writes are refused meanwhile), lines of a shared bucket.
import { type Admission, admission, type Budgets, type Lease, type Rate } from './limiter.ts'

export class LocalLimiter {
  readonly #tats = new Map<string, number>()
  readonly #leases = new Map<string, Set<string>>()
  readonly #clock: () => number
  readonly #keysMax: number

  constructor(clock: () => number, keysMax = 10_000) {
    this.#clock = clock
    this.#keysMax = keysMax
  }

  admit({ rates, leases = [] }: Budgets): Admission {
    const now = this.#clock()
    let failing = 0
    let waitMs = 0
    const refuse = (budget: number, overMs: number): void => {
      if (overMs > waitMs) [failing, waitMs] = [budget, overMs]
    }
    const checked = rates.map((rate, i) => {
      const interval = 60_000 / rate.perMinute
      const free = Math.max(this.#tats.get(rate.key) ?? 0, now)
      const over = free + interval - now - interval * rate.burst
      if (over > 1e-6) refuse(i + 1, over)
      return { rate, interval, free }
    })
    for (const [i, { key, limit, hintMs }] of leases.entries()) {
      // A wait of nothing would count as admitted.
      if ((this.#leases.get(key)?.size ?? 0) >= limit) refuse(rates.length + i + 1, Math.max(1, hintMs))
    }
    const admitted = failing === 0
    const standings = checked.map(({ rate, interval, free }) => {
      const tat = admitted ? free + interval : free
      if (admitted) this.#remember(rate.key, tat)
      return { rate, remaining: Math.max(0, Math.floor(rate.burst - (tat - now) / interval + 1e-6)), resetMs: tat - now }
    })
    if (admitted) for (const { key, id } of leases) this.#hold(key, id)
    return admission({ rates, leases }, failing, waitMs, standings)
  }

  /** One rate alone. */
  charge(rate: Rate): Admission {
    return this.admit({ rates: [rate] })
  }

  release({ leases = [] }: { leases?: Lease[] }): void {
    for (const { key, id } of leases) {
      const held = this.#leases.get(key)
      held?.delete(id)
      if (held?.size === 0) this.#leases.delete(key)
    }
  }

  #hold(key: string, id: string): void {
    const held = this.#leases.get(key) ?? new Set()
    this.#leases.set(key, held.add(id))
  }

  #remember(key: string, tat: number): void {
    this.#tats.delete(key)
    this.#tats.set(key, tat)
    const oldest = this.#tats.size > this.#keysMax ? this.#tats.keys().next().value : undefined
    if (oldest !== undefined) this.#tats.delete(oldest)
  }
}
