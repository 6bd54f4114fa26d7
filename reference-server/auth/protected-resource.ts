// RFC 9728: what this resource is called and who issues tokens for it, at both well-known addresses: with the resource's path
// inserted (what the specification asks clients to try first) and without it.
import type { Settings } from '../config.ts'
import type { Tool } from '../tools/tool.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** Where clients find it; `audience` is the resource's own address. */
export function metadataUrl(audience: string): string {
  const { origin, pathname } = new URL(audience)
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`
}

/**
 * The document at this path, or undefined when there is none.
 * @param offered tools and resources, whose scopes clients may ask for
 */
export function resourceMetadata(
  path: string,
  settings: Pick<Settings, 'AUTH' | 'OAUTH_AUDIENCE' | 'OAUTH_ISSUER'>,
  offered: Iterable<Tool>,
): Record<string, unknown> | undefined {
  if (settings.AUTH === 'keys') return undefined
  const inserted = new URL(metadataUrl(settings.OAUTH_AUDIENCE)).pathname
  if (path !== WELL_KNOWN && path !== inserted) return undefined
  const wanted = new Set(['mcp:tools:read', ...[...offered].flatMap(({ scopes }) => scopes)])
  return {
    resource: settings.OAUTH_AUDIENCE,
    authorization_servers: [settings.OAUTH_ISSUER],
    scopes_supported: [...wanted],
    bearer_methods_supported: ['header'],
    resource_name: 'Ledger desk',
    ...(settings.AUTH === 'mtls' && { tls_client_certificate_bound_access_tokens: true }),
  }
}
