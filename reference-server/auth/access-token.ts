// One access token → who is calling, or why not (RFC 9068, by jose): signature by a key of the provider, issuer, audience, expiry.
// Only asymmetric algorithms: with a shared secret everyone who can verify could also sign.
//
//   tenant   `tenant`             required: without it nothing may be read
//   agent    `agent`, else `sub`  whom limits and the log are about; a client that serves many people is many agents
//   scopes   `scope`              separated by spaces
//   token    `jti`                required: what a revocation names, and what the log says instead of the token
//   surface  `error_surface`      `http` (default) or `tool`
//   tier     `tier`, `priority`   absent or unknown: tiers.ts' default
//   binding  `cnf.x5t#S256`       RFC 8705: the token is good only with this client certificate, whatever pattern is on
//
// OAUTH_CLOCK_SKEW_S (5 s). Does not model: opaque tokens and introspection, encrypted tokens, DPoP, the header `typ`.
import { errors, type JWSHeaderParameters, jwtVerify } from 'jose'
import { z } from 'zod'
import type { Identity } from '../call.ts'
import { priorityOf, tierOf } from '../tiers.ts'
import type { KeySet } from './key-set.ts'

export interface AccessToken {
  identity: Identity
  /** SHA-256 of the certificate that it is bound to, base64url. */
  boundTo: string | undefined
}

/** Why a token is no good: one sentence for whoever sent it. */
export class BadToken extends Error {}

export interface VerifyOptions {
  keySet: KeySet
  issuer: string
  audience: string
  clockSkewS: number
}

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

const Claims = z.object({
  sub: z.string().min(1).max(200),
  jti: z.string().min(1).max(200),
  tenant: z.string().regex(/^[a-z0-9-]{1,40}$/),
  agent: z.string().min(1).max(100).optional(),
  scope: z.string().max(2_000).default(''),
  error_surface: z.enum(['http', 'tool']).default('http'),
  tier: z.string().optional(),
  priority: z.string().optional(),
  cnf: z.object({ 'x5t#S256': z.string().optional() }).optional(),
})

/** @throws BadToken, Unverifiable, or the signal's reason */
export async function verified(token: string, options: VerifyOptions, signal: AbortSignal): Promise<AccessToken> {
  const { keySet, issuer, audience, clockSkewS } = options
  const key = async (header: JWSHeaderParameters) => {
    const found = await keySet.find(header, signal)
    if (!found) throw new BadToken('This token is signed by a key that the identity provider does not have.')
    return found
  }
  const checks = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: clockSkewS, requiredClaims: ['exp'] }
  const { payload } = await jwtVerify(token, key, checks).catch((error: unknown) => {
    throw error instanceof errors.JOSEError ? new BadToken(sentence(error), { cause: error }) : error
  })
  const claims = Claims.safeParse(payload)
  if (!claims.success) {
    const names = [...new Set(claims.error.issues.map(({ path }) => path[0]))].join(', ')
    throw new BadToken(`This token lacks usable claims: ${names}.`)
  }
  const { sub, jti, tenant, agent = sub, scope, error_surface: errorSurface, cnf } = claims.data
  const scopes = new Set(scope.split(' ').filter(Boolean))
  const tier = tierOf(claims.data.tier)
  const priority = priorityOf(claims.data.priority, tier)
  return { identity: { tenant, agent, keyId: jti, scopes, errorSurface, tier, priority }, boundTo: cnf?.['x5t#S256'] }
}

function sentence(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'This token has expired; get a new one.'
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'This token is for another audience; ask for one for this resource.'
    if (error.claim === 'iss') return 'This token is from another issuer.'
    return `This token has an unusable claim: ${error.claim}.`
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature of this token is wrong.'
  return 'This is not an access token that can be used here.'
}
