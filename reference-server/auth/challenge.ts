// What a 401 or 403 says about getting in (RFC 6750 §3, RFC 9728 §5.1): with OAuth, where the resource's metadata is, so that a
// client which has never heard of this server can find the provider, and which scopes to ask for.
import type { Settings } from '../config.ts'
import { metadataUrl } from './protected-resource.ts'

export interface Challenge {
  /** Absent when nothing was sent: a request without credentials is told no error (RFC 6750 §3.1). */
  error?: 'invalid_token' | 'insufficient_scope'
  description?: string
  /** All that this operation needs, not only what is missing: a client asks for exactly what it reads here. */
  scope?: string
}

export function challengeHeader(settings: Pick<Settings, 'AUTH' | 'OAUTH_AUDIENCE'>, { error, description, scope }: Challenge): string {
  const parameters: [string, string | undefined][] = [
    ['realm', 'mcp'],
    ['error', error],
    ['error_description', description],
    ['scope', scope],
    ['resource_metadata', settings.AUTH === 'keys' ? undefined : metadataUrl(settings.OAUTH_AUDIENCE)],
  ]
  const told = parameters.filter(([, value]) => value !== undefined).map(([name, value]) => `${name}="${value?.replace(/["\\]/g, '')}"`)
  return `Bearer ${told.join(', ')}`
}
