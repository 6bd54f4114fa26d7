// Which budgets a call is charged to, and Redis, which all instances share, as the place where they are kept. What is left when
// Redis is away: local-limiter.ts. Both say the same: admitted or not, which budget binds, and the wait.
// Buckets (GCRA: the token bucket as one number a key; burst = bucket, interval = refill) for minutes; windows (sliding-window
// counter, two numbers a key) for hours and days; leases for calls at once. The seed's `now // 60` counters are fixed windows:
// twice the limit passes at an edge. A sliding window counts the previous one as if its calls had been spread evenly, so calls in
// bunches may pass up to twice the limit of an hour too, but never faster than the minute's bucket lets them.
// Source: Brandur Leach, "Rate limiting, cells, and GCRA"; Cloudflare, "Counting things, a lot of different things" (sliding
// windows); RFC draft-ietf-httpapi-ratelimit-headers-10.
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { LeaseKeys } from './leases-held.ts'

export type Scope = 'agent' | 'tool' | 'tenant' | 'discovery' | 'replay' | 'address' | 'concurrency'

export interface Rate {
  scope: Scope
  /** Its policy in RateLimit headers; the scope when absent. */
  name?: string
  /** Whose bucket: unique among all agents and tools. */
  key: string
  perMinute: number
  burst: number
  /** Several agents wait for its places: the waits told are spread over them. */
  shared?: boolean
}

export interface Window {
  scope: Scope
  name: string
  key: string
  limit: number
  windowMs: number
}

/** Calls at once. `hintMs`: when one of those inside has probably ended; `lifetimeMs`: when it surely has. */
export interface Lease {
  /** Whose calls: told in the refusal. */
  of: 'agent' | 'tool'
  key: string
  limit: number
  id: string
  lifetimeMs: number
  hintMs: number
}

export interface Budgets {
  /** Who keeps its turn when it asks again. */
  asker?: string
  rates: Rate[]
  windows?: Window[]
  leases?: Lease[]
  /** A call whose write was committed under `marker` passes spent rates and windows, on this rate. */
  replay?: { marker: string; rate: Rate }
}

export interface Standing {
  rate: Rate | Window
  remaining: number
  /** Until it is whole again. */
  resetMs: number
}

export interface Refusal {
  scope: Scope
  limit: number
  /** 0: not of time, but of calls at once. */
  windowMs: number
  /** Of calls at once: whose. */
  of?: Lease['of']
}

export interface Admission {
  /** Absent: admitted. */
  refusedBy?: Refusal
  /** Until the refusing budget admits one call: exact for an agent's own, a turn for a shared one, the guess for calls at once. */
  waitMs: number
  standings: Standing[]
  /** Admitted because its write was committed before. */
  replay?: boolean
}

/** Where budgets are kept. */
export interface Limiter {
  /** @throws whatever Redis does when it is away or silent */
  admit(budgets: Budgets): Promise<Admission>
  /** Gives leases back; nobody waits for it. */
  release(budgets: Budgets): void
  /** The write under this marker is committed: its replays are let through for `forS` seconds. Nobody waits for it. */
  committed(marker: string, forS: number): void
  /** Calls that hold a lease now. @throws whatever Redis does when it is away or silent */
  held(): Promise<number>
}

const SCRIPT = readFileSync(new URL('./admission.lua', import.meta.url), 'utf8')

type Admit = (keys: number, ...rest: (string | number)[]) => Promise<number[]>

/** Registers the script; ioredis sends its hash and falls back to its text. */
export function prepareRedis(redis: Redis): void {
  redis.defineCommand('deskAdmit', { lua: SCRIPT })
}

export function redisLimiter(redis: Redis): Limiter {
  const keys = new LeaseKeys()
  return {
    admit(budgets) {
      keys.add(budgets)
      return admitInRedis(redis, budgets)
    },
    held: () => keys.held(redis),
    release({ leases = [] }) {
      // One that cannot be given back expires.
      for (const { key, id } of leases) redis.zrem(key, id).catch(() => undefined)
    },
    committed(marker, forS) {
      // Without it, a replay waits for the budget like any other call.
      redis.set(marker, '1', 'EX', forS).catch(() => undefined)
    },
  }
}

/** @throws whatever Redis does when it is away or silent */
export async function admitInRedis(redis: Redis, budgets: Budgets): Promise<Admission> {
  const { asker = '', rates, windows = [], leases = [], replay } = budgets
  const own = [...rates, ...windows, ...leases].map(({ key }) => key)
  const keys = [...own, replay?.marker ?? 'none', replay?.rate.key ?? 'none']
  const figures: (string | number)[] = [rates.length, windows.length, leases.length, replay ? 1 : 0, asker]
  for (const rate of rates) figures.push(intervalOf(rate), rate.burst, rate.shared ? keys.push(`${rate.key}:line`) : 0)
  for (const { limit, windowMs } of windows) figures.push(limit, windowMs * 1_000)
  for (const { limit, id, lifetimeMs, hintMs } of leases) figures.push(limit, id, lifetimeMs * 1_000, Math.ceil(hintMs * 1_000))
  if (replay) figures.push(intervalOf(replay.rate), replay.rate.burst)
  const admit = (redis as unknown as { deskAdmit: Admit }).deskAdmit.bind(redis)
  const [failing = 0, waitMicros = 0, replayed = 0, ...standings] = await admit(keys.length, ...keys, ...figures)
  return admission(
    budgets,
    failing,
    waitMicros / 1_000,
    [...rates, ...windows].map((rate, i) => ({ rate, remaining: standings[2 * i] ?? 0, resetMs: (standings[2 * i + 1] ?? 0) / 1_000 })),
    replayed === 1,
  )
}

function intervalOf({ perMinute }: Rate): number {
  return Math.round(60_000_000 / perMinute)
}

/** @param failing 1-based place among rates, windows, leases and the replay's rate; 0 for none */
export function admission(budgets: Budgets, failing: number, waitMs: number, standings: Standing[], replayed = false): Admission {
  if (failing === 0) return { waitMs: 0, standings, ...(replayed && { replay: true }) }
  const { rates, windows = [], leases = [], replay } = budgets
  const refused = [...rates, ...windows, ...leases, ...(replay ? [replay.rate] : [])][failing - 1]
  if (!refused) throw new Error(`the limiter names a budget that it was not given: ${failing}`)
  return { refusedBy: refusalOf(refused), waitMs: Math.max(1, Math.ceil(waitMs)), standings }
}

function refusalOf(refused: Rate | Window | Lease): Refusal {
  if ('perMinute' in refused) return { scope: refused.scope, limit: refused.perMinute, windowMs: 60_000 }
  if ('windowMs' in refused) return { scope: refused.scope, limit: refused.limit, windowMs: refused.windowMs }
  return { scope: 'concurrency', limit: refused.limit, windowMs: 0, of: refused.of }
}
