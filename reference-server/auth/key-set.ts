// The identity provider's signing keys. The last good set serves while the provider is down, so that its outage is not ours; a
// key that nobody can look up is *unverifiable* (503), never "wrong" (401): an agent that is told 401 throws a good token away.
// A key id that the set does not have is looked up at once: that is how a rotation passes without an outage. Looks are shared
// by all who wait and begin AGAIN_MS apart, so guessed key ids are no flood at the provider; an id that a look did not find is
// remembered for ABSENT_MS. Waiting callers and remembered ids are bounded.
// OAUTH_KEYS_FRESH_MS (5 min): then looked up again behind the call. OAUTH_KEYS_STALE_MS (1 h): then a set no longer serves.
// Does not model: a key that the provider withdrew because it leaked is believed until the set is fresh again.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters, type LocalJWKSet } from 'jose'
import { z } from 'zod'
import { untilAborted } from '../call.ts'
import type { Provider } from './provider.ts'

export type SigningKey = Awaited<ReturnType<LocalJWKSet>>

export interface KeySet {
  /**
   * The key that this header names; undefined when the provider has no such key.
   * @throws Unverifiable when that cannot be known now, or the signal's reason
   */
  find(header: JWSHeaderParameters, signal: AbortSignal): Promise<SigningKey | undefined>
}

/** Nobody can say now whether a token is good. */
export class Unverifiable extends Error {}

export interface KeySetOptions {
  provider: Provider
  freshMs: number
  staleMs: number
  clock: () => number
  /** The provider did not answer, or does again. */
  changed: (state: 'up' | 'down', why?: unknown) => void
}

export type OpenKeySet = (options: KeySetOptions) => KeySet

const AGAIN_MS = 500
const WAIT_MS = 1_200
const WAITING_MAX = 200
const ABSENT_MS = 5_000
const ABSENT_MAX = 1_000
const Keys = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) })

export const openKeySet: OpenKeySet = ({ provider, freshMs, staleMs, clock, changed }) => {
  const absent = new Map<string, number>()
  const looks = lookingApart({ clock, look: async () => createLocalJWKSet(await keysOf(provider)), changed })
  let waiting = 0

  const matching = async (header: JWSHeaderParameters): Promise<SigningKey | undefined> => {
    const { good } = looks
    if (!good || clock() - good.atMs >= staleMs) return undefined
    if (clock() - good.atMs >= freshMs) looks.next().catch(() => undefined)
    return await good.set(header).catch(noSuchKey)
  }
  const looked = async (signal: AbortSignal): Promise<void> => {
    if (waiting >= WAITING_MAX) throw new Unverifiable('too many wait for the identity provider')
    waiting += 1
    const late = AbortSignal.timeout(WAIT_MS)
    const { aborted, forget } = untilAborted(AbortSignal.any([signal, late]))
    try {
      await Promise.race([looks.next(), aborted])
    } catch (cause) {
      signal.throwIfAborted()
      throw new Unverifiable('the identity provider does not answer', { cause })
    } finally {
      forget()
      waiting -= 1
    }
  }

  return {
    async find(header, signal) {
      const known = await matching(header)
      if (known) return known
      const id = `${header.alg} ${header.kid}`
      if (clock() - (absent.get(id) ?? Number.NEGATIVE_INFINITY) < ABSENT_MS) return undefined
      await looked(signal)
      const found = await matching(header)
      if (!found) remember(absent, id, clock())
      return found
    },
  }
}

async function keysOf(provider: Provider): Promise<JSONWebKeySet> {
  try {
    const { jwks_uri: uri } = await provider.metadata()
    return Keys.parse(await provider.json(uri)) as JSONWebKeySet
  } catch (error) {
    provider.forget()
    throw error
  }
}

function noSuchKey(error: unknown): undefined {
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return undefined
  throw error
}

function remember(absent: Map<string, number>, id: string, atMs: number): void {
  absent.delete(id)
  absent.set(id, atMs)
  const oldest = absent.size > ABSENT_MAX ? absent.keys().next().value : undefined
  if (oldest !== undefined) absent.delete(oldest)
}

interface Looks {
  readonly good: { set: LocalJWKSet; atMs: number } | undefined
  /** A look that begins from now on: one under way may have missed what the caller is after. */
  next(): Promise<void>
}

function lookingApart({ clock, look, changed }: Pick<KeySetOptions, 'clock' | 'changed'> & { look: () => Promise<LocalJWKSet> }): Looks {
  let good: Looks['good']
  let current: Promise<void> | undefined
  let coming: Promise<void> | undefined
  let beganAtMs = Number.NEGATIVE_INFINITY
  let failure: { why: unknown; atMs: number } | undefined

  const begin = async (): Promise<void> => {
    beganAtMs = clock()
    try {
      good = { set: await look(), atMs: beganAtMs }
      failure = undefined
      changed('up')
    } catch (why) {
      failure = { why, atMs: clock() }
      changed('down', why)
      throw why
    }
  }
  const begun = async (): Promise<void> => {
    await current?.catch(() => undefined)
    const waitMs = beganAtMs + AGAIN_MS - clock()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    coming = undefined
    current = begin().finally(() => {
      current = undefined
    })
    await current
  }
  return {
    get good() {
      return good
    },
    async next() {
      // A provider that has just not answered is left in peace, and nobody waits for it.
      if (failure && clock() - failure.atMs < AGAIN_MS) throw failure.why
      coming ??= begun()
      coming.catch(() => undefined)
      await coming
    },
  }
}
