// Agents' keys: Postgres has them, this keeps what was asked for lately.
// Fresh for 30 s, or until it is revoked (store/revocations.ts); then asked again, the caller waiting REFRESH_WAIT_MS at most and
// going on with the last good answer, since a database that is slow or away must not lock every agent out. Good answers serve
// up to 15 min without Postgres. A key that was never seen while Postgres is away is 503. Unknown ids are remembered for 5 s,
// so that guessing does not become a query each. Bounded: 10,000 ids of either sort, the oldest give way; guessed ones push out no
// good key, and a good one is asked for anew however many are guessed.
import type { Identity } from '../call.ts'
import { CallError } from '../errors.ts'
import { type AgentLimits, priorityOf, tierOf } from '../tiers.ts'
import type { Row, Statement } from './session.ts'
import { sql } from './sql.ts'

export interface Key {
  identity: Identity
  /** SHA-256 of the secret, 32 bytes. */
  secretHash: Buffer
}

export interface Keys {
  /**
   * At once where it was asked for lately, and undefined for a key that nobody knows.
   * @throws CallError DEPENDENCY_UNAVAILABLE when the store cannot say
   */
  find(keyId: string, signal: AbortSignal): Key | undefined | Promise<Key | undefined>
  /** What is remembered of it is wrong: it was revoked. */
  forget(keyId: string): void
}

export interface KeysOptions {
  query: (statement: Statement, withinMs: number) => Promise<Row[]>
  /** Is Postgres worth asking? A closed breaker says yes. */
  reachable: () => boolean
  clock: () => number
}

interface Entry {
  key: Key | undefined
  atMs: number
}

const FIND = sql('key-find.sql')
const FRESH_MS = 30_000
const UNKNOWN_FRESH_MS = 5_000
const STALE_MS = 15 * 60_000
const REFRESH_WAIT_MS = 250
const QUERY_MS = 1_000
const ENTRIES_MAX = 10_000
/** Looks at once: the two connections of administration also carry cancels, and whoever guesses key ids must not fill them. */
const ASKING_MAX = 50

export function createKeys({ query, reachable, clock }: KeysOptions): Keys {
  const good = new Map<string, Entry>()
  const unknown = new Map<string, Entry>()
  const asking = new Map<string, Promise<Key | undefined>>()

  const ask = (keyId: string): Promise<Key | undefined> => {
    const running = asking.get(keyId)
    if (running !== undefined) return running
    if (!good.has(keyId) && asking.size >= ASKING_MAX) return Promise.reject(new Error('too many unknown keys at once'))
    const answer = query({ text: FIND, values: [keyId] }, QUERY_MS)
      .then(([row]) => {
        const key = row && keyOf(row)
        // Forgotten meanwhile: what was read may be from before it was revoked.
        if (asking.get(keyId) === answer) remember(keyId, key)
        return key
      })
      .finally(() => {
        if (asking.get(keyId) === answer) asking.delete(keyId)
      })
    asking.set(keyId, answer)
    answer.catch(() => undefined)
    return answer
  }
  const remember = (keyId: string, key: Key | undefined): void => {
    const entries = key ? good : unknown
    for (const either of [good, unknown]) either.delete(keyId)
    entries.set(keyId, { key, atMs: clock() })
    const oldest = entries.size > ENTRIES_MAX ? entries.keys().next().value : undefined
    if (oldest !== undefined) entries.delete(oldest)
  }

  const askedAnew = async (keyId: string, lastGood: Key | undefined, signal: AbortSignal): Promise<Key | undefined> => {
    if (lastGood && !reachable()) return lastGood
    try {
      if (!reachable()) throw new Error('the breaker is open')
      return await (lastGood ? within(REFRESH_WAIT_MS, ask(keyId)) : abortable(ask(keyId), signal))
    } catch (cause) {
      if (lastGood) return lastGood
      signal.throwIfAborted()
      throw new CallError('DEPENDENCY_UNAVAILABLE', 'Keys cannot be checked now; ask again in 1 s.', {
        scope: 'keys',
        retryAfterMs: 1_000,
        cause,
      })
    }
  }

  return {
    forget(keyId) {
      for (const either of [good, unknown]) either.delete(keyId)
      asking.delete(keyId)
    },
    find(keyId, signal) {
      const entry = good.get(keyId) ?? unknown.get(keyId)
      const ageMs = entry ? clock() - entry.atMs : Number.POSITIVE_INFINITY
      if (entry && ageMs < (entry.key ? FRESH_MS : UNKNOWN_FRESH_MS)) return entry.key
      return askedAnew(keyId, ageMs < STALE_MS ? entry?.key : undefined, signal)
    },
  }
}

function keyOf(row: Row): Key {
  const { tenant, agent, key_id, scopes, error_surface, secret_hash } = row as Record<string, string> & { scopes: string[] }
  return {
    identity: {
      tenant: tenant as string,
      agent: agent as string,
      keyId: key_id as string,
      scopes: new Set(scopes),
      errorSurface: error_surface === 'tool' ? 'tool' : 'http',
      tier: tierOf(row.tier),
      priority: priorityOf(row.priority, tierOf(row.tier)),
      ...(row.limits !== undefined && { limits: row.limits as AgentLimits }),
    },
    secretHash: Buffer.from(secret_hash as string, 'hex'),
  }
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms} ms`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = Promise.withResolvers<never>()
  const onAbort = (): void => late.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
