// A Redis that is gone: killed by the kernel for its memory, restarted, moved. What it held is lost, since a limiter's Redis seldom
// writes to disk. The server must fall back to the mode that it declares, and its queues of commands must not grow without bound.
// Parameters: by (kill; or shutdown: SHUTDOWN NOSAVE, which says goodbye to its clients).
// What it does not model: a Redis that comes back with old data.
import { setTimeout as pause } from 'node:timers/promises'
import { choice } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenRedis } from './needed.ts'
import { byWord, GONE } from './proof.ts'
import { RedisSession } from './redis-session.ts'

const SHUTDOWN_MS = 5_000

export const redisRefused = fault({
  summary: 'Ends Redis for the length of the window; it comes back empty.',
  source: 'Redis, SHUTDOWN; Linux, out-of-memory killer',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful:
    'Live connections end; a new one is accepted by the link and reset as soon as the link has been refused behind it, where a server without a link would see ECONNREFUSED.',
  parameters: { by: choice(['kill', 'shutdown'], 'kill') },
  async inject(environment, { by }, signal) {
    const link = neededLink(environment, 'redis')
    const redis = await provenRedis(environment)
    const shutDown = async () => {
      using session = await RedisSession.open(redis.address, signal)
      await session.ask('SHUTDOWN', 'NOSAVE').catch(() => {})
      const untilMs = performance.now() + SHUTDOWN_MS
      while (redis.running && performance.now() < untilMs) await pause(10)
    }
    const harm = () => (by === 'kill' ? redis.crash() : shutDown())
    const undo = await breaking(environment, { remedies: [], harm, heal: () => redis.restart(), signal })
    const looks = byWord(GONE, signal, (stop) => redis.canary(link, stop))
    return { ...looks, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})
