// The connection to Redis, and how long a call waits for an answer on it. ioredis by default queues without end, retries
// 20 times and resends after a reconnect: a call would wait 24 s elsewhere.
// An answer that lies in the socket while our own event loop was busy is in time: when the wait is over, the loop first takes
// in what has come, and only then says that Redis was silent. (ioredis' own commandTimeout does not look: a stall of this
// process became an outage of Redis. It stays for what nobody waits for, the check of a new connection first of all.)
// REDIS_TIMEOUT_MS 100 (10–10,000).
// Does not model: sentinels, clusters.
import { Redis, ReplyError } from 'ioredis'
import type { Settings } from '../config.ts'
import type { Log } from '../log.ts'
import { prepareRedis } from './limiter.ts'

/** No answer in time. What was asked may be carried out all the same. */
export class RedisSilent extends Error {}

const CONNECT_MS = 1_000
/** A connection that has been silent so long, with a question asked on it, is given up: commands would pile up on it for ever. */
const SILENT_MS = 3_000

export type OpenRedis = (parts: { settings: Settings; random: () => number; log: Log }) => Redis

/** Connects in the background, again and again, until it is disconnected. */
export const openRedis: OpenRedis = ({ settings, random, log }) => {
  const redis = new Redis(settings.REDIS_URL, {
    enableOfflineQueue: false,
    commandTimeout: Math.max(CONNECT_MS, 2 * settings.REDIS_TIMEOUT_MS),
    connectTimeout: CONNECT_MS,
    socketTimeout: SILENT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 5), 1_000) + random() * 100,
  })
  let lastProblem = ''
  redis.on('error', (error: Error & { code?: string }) => {
    const problem = error.code ?? error.message
    if (problem !== lastProblem) log.problem('redis', error)
    lastProblem = problem
  })
  redis.on('ready', () => {
    lastProblem = ''
  })
  prepareRedis(redis)
  return redis
}

/** @throws RedisSilent, or what the command rejects with */
export async function answerWithin<T>(withinMs: number, command: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const silent = (): void => late.reject(new RedisSilent(`no answer within ${withinMs} ms`))
  // Immediates run after sockets were read: the one more look.
  const timer = setTimeout(() => setImmediate(silent), withinMs)
  try {
    return await Promise.race([command, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** True when Redis or the way to it is at fault; false when it has answered with an error, or the mistake is ours. */
export function isAway(error: unknown): boolean {
  if (error instanceof RedisSilent) return true
  if (!(error instanceof Error) || error instanceof ReplyError) return false
  const { code } = error as { code?: unknown }
  return (typeof code === 'string' && code.startsWith('E')) || AWAY.test(error.message)
}

/** ioredis gives these no code. */
const AWAY = /^(Connection is closed|Stream isn't writeable|Command timed out|Reached the max retries)/
