// The limiter's script is loaded once, when the server starts, and from then on called by its hash alone. Redis keeps scripts no longer than
// it runs: one that was restarted answers every call with NOSCRIPT.
import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { redisLimiter } from '../store/limiter.ts'
import { weakness } from './weakness.ts'

const SCRIPT = readFileSync(new URL('../store/admission.lua', import.meta.url), 'utf8')

export default weakness({
  story:
    'Redis was restarted, and the limiter failed with NOSCRIPT from then on, until the servers were restarted too: what must be counted was refused for hours.',
  source:
    'express-rate-limit/rate-limit-redis#144; QuantumNous/new-api#6412; vutran1710/PyrateLimiter#182; Redis, "Script cache volatility"',
  caughtBy: { scenario: 'redis-outage', check: 'limiter-true' },
  apply: (parts) => ({ ...parts, limiterIn: (redis) => redisLimiter(calledByHash(redis)) }),
})

function calledByHash(redis: Redis): Redis {
  const loaded = Promise.withResolvers<string>()
  redis.once('ready', () => loaded.resolve(redis.script('LOAD', SCRIPT) as Promise<string>))
  const deskAdmit = async (keys: number, ...rest: (string | number)[]) => await redis.evalsha(await loaded.promise, keys, ...rest)
  return Object.assign(redis, { deskAdmit })
}
