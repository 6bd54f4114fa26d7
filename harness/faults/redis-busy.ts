// A Redis that is busy with somebody's script, which never ends: one thread does everything, so everybody waits, and after a
// while is told so. Often the script is one's own, over too many keys.
// Parameters: afterMs (50; 1 to 60,000): how long it has run before others are told.
// What it does not model: a slow command (KEYS), which cannot be killed; a script that has written, which cannot either.

import type { Remedy } from '../environment/service.ts'
import { milliseconds } from '../parameters.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededLink, provenRedis } from './needed.ts'
import { byWord } from './proof.ts'
import { setting } from './redis-by-command.ts'
import { RedisSession, redisLook } from './redis-session.ts'

/** Named so since Redis 7; the old name still works. */
const THRESHOLD = 'lua-time-limit'

export const redisBusy = fault({
  summary: 'Redis runs a script that never ends.',
  source: 'Redis, busy-reply-threshold (-BUSY), SCRIPT KILL',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful: 'Commands wait until the script has run for afterMs, and from then on are refused with -BUSY at once, PING as well.',
  parameters: { afterMs: milliseconds(50, { from: 1, to: 60_000 }) },
  async inject(environment, { afterMs }, signal) {
    const link = neededLink(environment, 'redis')
    const redis = await provenRedis(environment)
    const session = await RedisSession.open(redis.address)
    const before = await setting(session, THRESHOLD)
    const commands = [
      ['SCRIPT', 'KILL'],
      ['CONFIG', 'SET', THRESHOLD, before],
    ]
    const undo = await breaking(environment, {
      remedies: [{ do: 'redis', address: redis.address, runId: redis.runId, commands } satisfies Remedy],
      harm: async () => {
        await session.ask('CONFIG', 'SET', THRESHOLD, String(Math.ceil(afterMs)))
        // Answered only when it is killed.
        session.ask('EVAL', 'while true do end', '0').catch(() => {})
      },
      signal,
    })
    return {
      ...byWord(['BUSY'], signal, (stop) => redisLook(link, ['PING'], stop, afterMs + 1_000)),
      async [Symbol.asyncDispose]() {
        await undo[Symbol.asyncDispose]()
        session[Symbol.dispose]()
      },
    }
  },
})
