// How many instances share Redis: what each of them divides limits by when Redis is away. Each says every BEAT_MS that it lives, in a
// sorted set whose scores are expiries, and remembers how many others do. Without Redis the last count holds; before the first
// answer it is INSTANCES. After a flush only those that have beaten since are in the set, so the larger of the last two counts.
// Does not model: instances that cannot reach Redis while others can.
import type { Redis } from 'ioredis'

export interface Instances {
  readonly live: number
  close(): void
}

const KEY = 'desk:instances'
const BEAT_MS = 2_000
const LIVES_MS = 3 * BEAT_MS

export interface InstancesOptions {
  redis: Redis
  /** Unique among processes. */
  name: string
  declared: number
}

export function countInstances({ redis, name, declared }: InstancesOptions): Instances {
  let counts: number[] = []
  const beat = async (): Promise<void> => {
    if (redis.status !== 'ready') return
    const nowMs = Date.now()
    const answers = await redis
      .multi()
      .zremrangebyscore(KEY, '-inf', nowMs)
      .zadd(KEY, nowMs + LIVES_MS, name)
      .pexpire(KEY, LIVES_MS)
      .zcard(KEY)
      .exec()
    const [problem, count] = answers?.[3] ?? []
    if (!problem && typeof count === 'number' && count > 0) counts = [...counts.slice(-1), count]
  }
  // What cannot be told now is told at the next beat; that Redis is away is the limiter's to notice.
  const beatQuietly = (): void => void beat().catch(() => undefined)
  redis.on('ready', beatQuietly)
  const timer = setInterval(beatQuietly, BEAT_MS)
  timer.unref()
  return {
    get live() {
      return counts.length > 0 ? Math.max(...counts) : declared
    },
    close() {
      clearInterval(timer)
      redis.off('ready', beatQuietly)
    },
  }
}
