// Redis closes its clients' connections again and again: a proxy before it restarts, its limit of clients is reached by others,
// an operator runs CLIENT KILL. Each time every instance connects anew; without jitter all do in the same moment.
// Parameters: everyMs (500; 50 to 60,000) all connections are closed.
// What it does not model: `maxclients`, which would lock out whoever has to heal it as well.
import { setTimeout as pause } from 'node:timers/promises'
import type { Environment } from '../environment/service.ts'
import { milliseconds } from '../parameters.ts'
import { breaking } from './breaking.ts'
import type { Proof } from './fault.ts'
import { fault } from './fault.ts'
import { neededLink, provenRedis } from './needed.ts'
import { RedisSession } from './redis-session.ts'

export const redisClientsKicked = fault({
  summary: 'Redis closes all of its connections, again and again.',
  source: 'Redis, CLIENT KILL TYPE normal; AWS, "Exponential backoff and jitter"',
  dependency: 'redis',
  needs: ['link', 'redis'],
  faithful:
    'Connections are closed in order (an end, no reset), commands under way are lost without an answer; new connections are fine until the next time.',
  parameters: { everyMs: milliseconds(500, { from: 50, to: 60_000 }) },
  async inject(environment, { everyMs }, signal) {
    const link = neededLink(environment, 'redis')
    const redis = await provenRedis(environment)
    const session = await RedisSession.open(redis.address)
    const over = new AbortController()
    let kicking: Promise<void> = Promise.resolve()
    const undo = await breaking(environment, {
      remedies: [],
      harm: async () => {
        kicking = kick(session, everyMs, over.signal)
      },
      heal: async () => {
        over.abort()
        await kicking
      },
      signal,
    })
    const look = (stop?: AbortSignal) => lives(link, everyMs, stop)
    return {
      felt: async () => ({ ...(await look(signal).then(({ seen, detail }) => ({ seen: !seen, detail }))) }),
      healed: () => look(),
      [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose](),
    }
  },
})

/** Until it is over. Its own connection is spared: Redis skips whoever asks. */
async function kick(session: RedisSession, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await session.ask('CLIENT', 'KILL', 'TYPE', 'normal').catch(() => {})
    await pause(everyMs, undefined, { signal }).catch(() => {})
  }
  session[Symbol.dispose]()
}

/** Whether a connection outlives more than one round. */
async function lives(link: Environment['links'][string], everyMs: number, signal?: AbortSignal): Promise<Proof> {
  using session = await RedisSession.open(link.canaryAddress, signal)
  const begunMs = performance.now()
  while (!session.closed && performance.now() - begunMs < everyMs * 1.5) await pause(5, undefined, { ...(signal && { signal }) })
  const { closed } = session
  return {
    seen: !closed,
    detail: `a connection of the canary's ${closed ? 'was closed after' : 'lives after'} ${(performance.now() - begunMs).toFixed(0)} ms`,
  }
}
