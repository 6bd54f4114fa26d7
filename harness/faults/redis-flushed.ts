// Everything that Redis held is gone at once: a FLUSHALL in the wrong console, a restart without a disk, an eviction of it all.
// Budgets begin anew, so an agent may spend one window more; caches are cold, and must not be filled by everybody at once.
// Parameters: none.
// What it does not model: a part of the keys going (eviction).
import { fault } from './fault.ts'
import { neededLink, provenRedis } from './needed.ts'
import { proof } from './proof.ts'
import { RedisSession, redisLook } from './redis-session.ts'

const KEY = 'stampede:canary:flushed'

export const redisFlushed = fault({
  summary: 'Empties Redis once.',
  source: 'Redis, FLUSHALL',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful: 'Connections stay; keys and loaded functions are gone, scripts that were loaded by their hash stay.',
  parameters: {},
  momentary: true,
  async inject(environment, _parameters, signal) {
    const link = neededLink(environment, 'redis')
    const redis = await provenRedis(environment)
    signal.throwIfAborted()
    using session = await RedisSession.open(redis.address, signal)
    await session.ask('SET', KEY, '1', 'PX', '60000')
    await session.ask('FLUSHALL', 'SYNC')
    return {
      felt: async () => {
        using fresh = await RedisSession.open(link.canaryAddress, signal)
        const there = Number(await fresh.ask('EXISTS', KEY))
        return { seen: there === 0, detail: `the canary's key is ${there === 0 ? 'gone' : 'there'}` }
      },
      healed: async () => proof(await redisLook(link, ['PING']), ({ error }) => error === undefined),
      [Symbol.asyncDispose]: async () => {},
    }
  },
})
