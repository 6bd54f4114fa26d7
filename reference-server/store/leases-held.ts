// How many calls hold a lease now, over all instances: what is left when nothing runs has leaked. Counted at a scrape, for the keys that
// this instance has used of late (at most KEYS_MAX): a scan of all of Redis would cost more the more agents there are.
// Does not model: leases of agents that only other instances have served.
import type { Redis } from 'ioredis'
import type { Budgets } from './limiter.ts'

const KEYS_MAX = 2_000

export class LeaseKeys {
  readonly #keys = new Set<string>()

  /** The latest are kept. */
  add({ leases = [] }: Budgets): void {
    for (const { key } of leases) {
      this.#keys.delete(key)
      this.#keys.add(key)
      if (this.#keys.size > KEYS_MAX) this.#keys.delete(this.#keys.values().next().value as string)
    }
  }

  /** @throws whatever Redis does when it is away or silent */
  async held(redis: Redis): Promise<number> {
    const counting = redis.pipeline()
    const nowMicros = Date.now() * 1_000
    for (const key of this.#keys) counting.zcount(key, `(${nowMicros}`, '+inf')
    const counts = (await counting.exec()) ?? []
    return counts.reduce((sum, [, count]) => sum + Number(count ?? 0), 0) / LEASES_A_CALL
  }
}

/** One of the agent, one of the tool. */
const LEASES_A_CALL = 2
