// What the faults that Redis does to itself share: commands that break it, commands on disk that mend it, a canary's word.
import type { Environment, Remedy } from '../environment/service.ts'
import { breaking } from './breaking.ts'
import type { Injected } from './fault.ts'
import { neededLink, provenRedis } from './needed.ts'
import { byWord } from './proof.ts'
import { RedisSession, redisLook } from './redis-session.ts'

export interface ByCommand {
  /** Settings as they were: read first, set again at the end. */
  settings?: readonly string[]
  break: readonly string[][]
  /** Carried out before the settings are set again. */
  mend?: readonly string[][]
  /** What the canary asks, and the first words by which it is felt. */
  look: readonly string[]
  words: readonly string[]
  lookMs?: number
}

export async function breakRedis(environment: Environment, how: ByCommand, signal: AbortSignal): Promise<Injected> {
  const link = neededLink(environment, 'redis')
  const redis = await provenRedis(environment)
  using session = await RedisSession.open(redis.address, signal)
  const before: string[][] = []
  for (const name of how.settings ?? []) before.push(['CONFIG', 'SET', name, await setting(session, name)])
  const commands = [...(how.mend ?? []), ...before]
  const remedies: Remedy[] = commands.length > 0 ? [{ do: 'redis', address: redis.address, runId: redis.runId, commands }] : []
  const harm = async () => {
    for (const words of how.break) await session.ask(...words)
  }
  const undo = await breaking(environment, { remedies, harm, signal })
  const looks = byWord(how.words, signal, (stop) => redisLook(link, [...how.look], stop, how.lookMs))
  return { ...looks, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
}

export async function setting(session: RedisSession, name: string): Promise<string> {
  const reply = (await session.ask('CONFIG', 'GET', name)) as string[]
  return reply[1] ?? ''
}
