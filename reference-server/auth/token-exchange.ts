// The upstream as the calling user may see it: the user's own token is exchanged at the identity provider for one that is good at the
// upstream only (RFC 8693), and that one travels. Stands for: a server that calls on with an almighty key of its own (the confused
// deputy), or passes the caller's token through (forbidden by MCP: a token is for one audience).
// Exchanged tokens are kept until 30 s before they expire, 1,000 of them, by the hash of the user's token.
// OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET: this server at the provider. UPSTREAM_AUDIENCE: the upstream's name there.
// Does not model: delegation with an actor token, refreshing a user's token, asking again after a failure (the agent does).
import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Call } from '../call.ts'
import type { Settings } from '../config.ts'
import { CallError } from '../errors.ts'
import { bounded, type Provider } from './provider.ts'

export interface AsUser {
  /** What the upstream knows of the calling user. @throws CallError DENIED, DEPENDENCY_UNAVAILABLE, or the call's abort reason */
  profile(): Promise<Profile>
}

export type AsUserOf = (call: Call) => AsUser
export type Profile = z.infer<typeof Profile>

const Profile = z.object({ subject: z.string(), name: z.string(), plan: z.string() })
const Exchanged = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().default(60) })
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
const KEPT_MAX = 1_000
const EARLY_MS = 30_000
const UPSTREAM_MS = 2_000

export interface AsUserOptions {
  settings: Pick<Settings, 'OAUTH_CLIENT_ID' | 'OAUTH_CLIENT_SECRET' | 'UPSTREAM_AUDIENCE' | 'UPSTREAM_URL' | 'OAUTH_TIMEOUT_MS'>
  provider: Provider
  clock: () => number
}

export function createAsUser({ settings, provider, clock }: AsUserOptions): AsUserOf {
  const kept = new Map<string, { token: string; untilMs: number }>()
  const exchanged = async (subjectToken: string, signal: AbortSignal): Promise<string> => {
    const key = hash('sha256', subjectToken)
    const found = kept.get(key)
    if (found && found.untilMs > clock()) return found.token
    const { access_token: token, expires_in: seconds } = await exchange(settings, provider, subjectToken, signal)
    kept.delete(key)
    kept.set(key, { token, untilMs: clock() + seconds * 1_000 - EARLY_MS })
    const oldest = kept.size > KEPT_MAX ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    return token
  }
  return (call) => ({
    async profile() {
      const { headers, abort, facts, requestId } = call
      const token = await exchanged(headers.authorization?.replace(/^Bearer +/i, '') ?? '', abort.signal)
      const startedMs = clock()
      try {
        const sent = { accept: 'application/json', authorization: `Bearer ${token}`, 'x-request-id': requestId }
        const profile = await read(await asked(new URL('/me', settings.UPSTREAM_URL).href, { headers: sent }, UPSTREAM_MS, abort.signal))
        facts.upstream = 'up'
        return profile
      } catch (error) {
        abort.signal.throwIfAborted()
        facts.upstream = error instanceof CallError ? 'up' : 'down'
        throw error instanceof CallError ? error : away('upstream', 'The service behind this tool', error)
      } finally {
        facts.upstreamMs += clock() - startedMs
      }
    },
  })
}

async function exchange(settings: AsUserOptions['settings'], provider: Provider, subjectToken: string, signal: AbortSignal) {
  const { OAUTH_CLIENT_ID: id, OAUTH_CLIENT_SECRET: secret, UPSTREAM_AUDIENCE: audience, OAUTH_TIMEOUT_MS: timeoutMs } = settings
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: TOKEN_TYPE,
    requested_token_type: TOKEN_TYPE,
    resource: audience,
  })
  const basic = Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')
  try {
    const { token_endpoint: url } = await provider.metadata()
    if (url === undefined) throw new Error('the identity provider has no token endpoint')
    const answer = await asked(url, { method: 'POST', body, headers: { authorization: `Basic ${basic}` } }, timeoutMs, signal)
    if (answer.status >= 400 && answer.status < 500) {
      await answer.body?.cancel()
      throw new CallError('DENIED', 'The identity provider gives you no access to the service behind this tool.', { scope: 'upstream' })
    }
    return Exchanged.parse(JSON.parse(await bounded(answer)))
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof CallError ? error : away('identity-provider', 'The identity provider', error)
  }
}

async function read(response: Response): Promise<Profile> {
  if (response.status === 401 || response.status === 403) {
    await response.body?.cancel()
    throw new CallError('DENIED', 'The service behind this tool does not show this to you.', { scope: 'upstream' })
  }
  if (!response.ok) throw new Error(`status ${response.status}`)
  return Profile.parse(JSON.parse(await bounded(response)))
}

async function asked(url: string, init: RequestInit, timeoutMs: number, signal: AbortSignal): Promise<Response> {
  return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), signal]) })
}

function away(scope: string, who: string, cause: unknown): CallError {
  return new CallError('DEPENDENCY_UNAVAILABLE', `${who} does not answer; ask again in 1 s.`, { scope, retryAfterMs: 1_000, cause })
}
