// The limiter's two stores: Redis, which all instances share, and the process' own memory for when Redis is away.
// Both say the same of the same budgets: admitted or not, which budget binds, and the exact wait.
// GCRA is the token bucket kept as one number a key (the theoretical arrival time); burst = bucket, interval = refill.
// The seed's `now // 60` counters are fixed windows: twice the limit passes at an edge. Source: Brandur Leach, "Rate
// limiting, cells, and GCRA"; RFC draft-ietf-httpapi-ratelimit-headers-10.
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'

export type Scope = 'agent' | 'tool' | 'discovery' | 'concurrency'

export interface Rate {
  scope: Scope
  /** Whose bucket: unique among all agents and tools. */
  key: string
  perMinute: number
  burst: number
}

export interface Budgets {
  rates: Rate[]
  /** Calls at once. `hintMs`: when one of those inside has probably ended; `lifetimeMs`: when it surely has. */
  lease?: { key: string; limit: number; id: string; lifetimeMs: number; hintMs: number }
}

export interface Standing {
  rate: Rate
  remaining: number
  /** Until the bucket is full again. */
  resetMs: number
}

export interface Admission {
  /** Absent: admitted. */
  refusedBy?: { scope: Scope; limit: number; windowMs: number }
  /** Until the refusing budget admits one call: exact for a rate, the lease's hint for calls at once. */
  waitMs: number
  standings: Standing[]
}

const SCRIPT = readFileSync(new URL('./admission.lua', import.meta.url), 'utf8')

type Admit = (keys: number, ...rest: (string | number)[]) => Promise<number[]>

/** Registers the script; ioredis sends its hash and falls back to its text. */
export function prepareRedis(redis: Redis): void {
  redis.defineCommand('deskAdmit', { lua: SCRIPT })
}

/** @throws whatever Redis does when it is away or silent */
export async function admitInRedis(redis: Redis, budgets: Budgets): Promise<Admission> {
  const { rates, lease } = budgets
  const keys = [...rates.map((rate) => rate.key), lease?.key ?? 'none']
  const figures = rates.flatMap((rate) => [Math.round(60_000_000 / rate.perMinute), rate.burst])
  const leasing = lease ? [lease.limit, lease.id, lease.lifetimeMs * 1_000, Math.ceil(lease.hintMs * 1_000)] : [0, '', 0, 0]
  const admit = (redis as unknown as { deskAdmit: Admit }).deskAdmit.bind(redis)
  const [failing = 0, waitMicros = 0, ...standings] = await admit(keys.length, ...keys, rates.length, ...figures, ...leasing)
  return admission(
    budgets,
    failing,
    waitMicros / 1_000,
    rates.map((rate, i) => ({ rate, remaining: standings[2 * i] ?? 0, resetMs: (standings[2 * i + 1] ?? 0) / 1_000 })),
  )
}

/** @param failing 1-based index of the rate that refuses, one more for the lease, 0 for none */
function admission(budgets: Budgets, failing: number, waitMs: number, standings: Standing[]): Admission {
  if (failing === 0) return { waitMs: 0, standings }
  const rate = budgets.rates[failing - 1]
  const refusedBy = rate
    ? { scope: rate.scope, limit: rate.perMinute, windowMs: 60_000 }
    : { scope: 'concurrency' as const, limit: budgets.lease?.limit ?? 0, windowMs: 0 }
  return { refusedBy, waitMs: Math.max(1, Math.ceil(waitMs)), standings }
}

/** The same arithmetic in memory. Holds at most `keysMax` buckets: the least recently charged give way. */
export class LocalLimiter {
  readonly #tats = new Map<string, number>()
  readonly #leases = new Map<string, Set<string>>()
  readonly #clock: () => number
  readonly #keysMax: number

  constructor(clock: () => number, keysMax = 10_000) {
    this.#clock = clock
    this.#keysMax = keysMax
  }

  admit(budgets: Budgets): Admission {
    const now = this.#clock()
    let failing = 0
    let waitMs = 0
    const checked = budgets.rates.map((rate, i) => {
      const interval = 60_000 / rate.perMinute
      const free = Math.max(this.#tats.get(rate.key) ?? 0, now)
      const over = free + interval - now - interval * rate.burst
      if (over > 1e-6 && over > waitMs) [failing, waitMs] = [i + 1, over]
      return { rate, interval, free }
    })
    const { lease } = budgets
    const held = lease ? (this.#leases.get(lease.key)?.size ?? 0) : 0
    // A wait of nothing would count as admitted.
    const hintMs = Math.max(1, lease?.hintMs ?? 0)
    if (lease && held >= lease.limit && hintMs > waitMs) [failing, waitMs] = [budgets.rates.length + 1, hintMs]
    const admitted = failing === 0
    const standings = checked.map(({ rate, interval, free }) => {
      const tat = admitted ? free + interval : free
      if (admitted) this.#remember(rate.key, tat)
      return { rate, remaining: Math.max(0, Math.floor(rate.burst - (tat - now) / interval + 1e-6)), resetMs: tat - now }
    })
    if (admitted && lease) this.#hold(lease.key, lease.id)
    return admission(budgets, failing, waitMs, standings)
  }

  release(key: string, id: string): void {
    const held = this.#leases.get(key)
    held?.delete(id)
    if (held?.size === 0) this.#leases.delete(key)
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
