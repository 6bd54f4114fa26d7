// Who is calling (patterns B and C): `Authorization: Bearer <JWT>` of an identity provider. Stands for: a server for customers, where
// long-lived keys in agents' configurations are what leaks (seed 1, "Pattern B").
// A token that cannot be checked now (the provider is down and the key was never seen) is 503 with a wait, never 401.
// A token bound to a client certificate (RFC 8705) is good only on a connection that shows this certificate; with AUTH=mtls every
// token must be bound, so that a stolen one is worth nothing elsewhere. A revoked token is refused within a second.
// OAUTH_ISSUER, OAUTH_AUDIENCE. Does not model: introspection, DPoP.
import { BadToken, verified } from '../auth/access-token.ts'
import { type Challenge, challengeHeader } from '../auth/challenge.ts'
import { Unverifiable } from '../auth/key-set.ts'
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Running } from '../running.ts'
import { control } from './control.ts'

const BEARER = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i
const AGAIN_MS = 1_000

export const authenticateByToken = control({
  summary: "Knows the caller by an identity provider's access token, or refuses.",
  source: 'seed 1, "Pattern B" and "Pattern C"; RFC 9068, RFC 6750 §3, RFC 8705 §3, RFC 9728 §5.1',
  settings: ['AUTH', 'OAUTH_ISSUER', 'OAUTH_AUDIENCE'],
  wrap: (next, running) =>
    async function authenticateByToken(call) {
      const refused = (message: string, challenge: Challenge): CallError => {
        const header = challengeHeader(running.settings, { scope: 'mcp:tools:read', ...challenge })
        return new CallError('UNAUTHENTICATED', message, { headers: { 'www-authenticate': header } })
      }
      const invalid = (message: string): CallError => refused(message, { error: 'invalid_token', description: message })
      const given = call.headers.authorization
      if (given === undefined || given === '') throw refused('Send "Authorization: Bearer <access token>".', {})
      const token = BEARER.exec(given)?.[1]
      if (token === undefined) throw invalid('This is not an access token that can be used here.')
      try {
        call.identity = await identityOf(running, token, call)
      } catch (error) {
        if (error instanceof BadToken) throw invalid(error.message)
        if (error instanceof Unverifiable) throw unverifiable(error)
        throw error
      }
      return await next(call)
    },
})

async function identityOf(running: Running, token: string, call: Call) {
  const { settings, keySet, revocations } = running
  const { OAUTH_ISSUER: issuer, OAUTH_AUDIENCE: audience, OAUTH_CLOCK_SKEW_S: clockSkewS } = settings
  const { identity, boundTo } = await verified(token, { keySet, issuer, audience, clockSkewS }, call.abort.signal)
  if (settings.AUTH === 'mtls' && boundTo === undefined) throw new BadToken('This token is not bound to a client certificate.')
  if (boundTo !== undefined && boundTo !== call.certificate) throw new BadToken('This token is bound to another client certificate.')
  if (revocations.has(identity.keyId)) throw new BadToken('This token has been revoked.')
  return { ...identity, pattern: settings.AUTH === 'mtls' ? ('mtls' as const) : ('oauth' as const) }
}

function unverifiable(cause: Unverifiable): CallError {
  const details = { scope: 'identity-provider', retryAfterMs: AGAIN_MS, cause }
  return new CallError('DEPENDENCY_UNAVAILABLE', 'Tokens cannot be checked now; ask again in 1 s.', details)
}
