// One canary for whatever is behind a link, for faults that break any of them by its link alone.
import { httpCanary } from '../environment/http-canary.ts'
import type { Canary, Environment } from '../environment/service.ts'
import { choice } from '../parameters.ts'
import { neededLink } from './needed.ts'
import { redisLook } from './redis-session.ts'

/** A parameter by which a scenario says what is broken. */
export const dependency = choice(['postgres', 'redis', 'upstream', 'server'], 'postgres')

/** At most `limitMs` (5 s). An HTTP service has answered when its answer came whole, whatever it says. */
export async function dependencyCanary(environment: Environment, name: string, signal?: AbortSignal, limitMs?: number): Promise<Canary> {
  const link = neededLink(environment, name)
  const { postgres, canaries } = environment
  if (name === 'postgres' && postgres) return await postgres.canary(link, signal)
  if (name === 'redis') return await redisLook(link, ['PING'], signal, limitMs)
  const given = canaries?.[name]
  if (given) return await given(link, signal, limitMs)
  return await httpCanary(link, name === 'server' ? environment.url : `http://${link.address}/rate?base=EUR&quote=USD`, signal, limitMs)
}
