// A server that wants to know who asks says where tokens are had: RFC 9728, the metadata of the protected resource,
// which its challenge names. They are read only from the server's own origin, and those of the authorization server
// only where that is this machine: nobody allowed more. What is found goes into the sentence that says what to type.
import { request } from 'undici'
import { HarnessError } from '../errors.ts'
import { isLoopback } from '../run/safety.ts'
import type { TokenWanted } from '../run/transport.ts'

const ANSWER_MS = 3_000

export async function tokenAdvice(url: string, wanted: TokenWanted, signal: AbortSignal): Promise<HarnessError> {
  const named = /resource_metadata="([^"]+)"/i.exec(wanted.challenge)?.[1]
  const own = named !== undefined && URL.parse(named)?.origin === new URL(url).origin ? await documentAt(named, signal) : undefined
  const issuer = Array.isArray(own?.authorization_servers) ? String(own.authorization_servers[0]) : undefined
  const scopes = Array.isArray(own?.scopes_supported) ? ` --scope '${own.scopes_supported.join(' ')}'` : ''
  const endpoint = issuer === undefined ? undefined : await tokenEndpoint(issuer, signal)
  const from = issuer === undefined ? '' : `; tokens are had from ${issuer}`
  const ways = [
    '--token-file <file>, or --header-from authorization=<VARIABLE> (or whatever header it asks for)',
    `or, by client credentials, --client-credentials ${endpoint ?? `<token endpoint${issuer === undefined ? '' : ` of ${issuer}`}>`} --client-id <id> --secret-from <VARIABLE>${scopes}`,
  ]
  return new HarnessError(wanted.code, `${wanted.message}; it wants to know who asks${from}`, ways.join('\n    '), wanted)
}

async function tokenEndpoint(issuer: string, signal: AbortSignal): Promise<string | undefined> {
  const base = URL.parse(issuer)
  if (!base || !isLoopback(issuer)) return undefined
  const paths = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']
  for (const path of paths) {
    const { token_endpoint: endpoint } = (await documentAt(`${base.origin}${path}`, signal)) ?? {}
    if (typeof endpoint === 'string') return endpoint
  }
  return undefined
}

async function documentAt(url: string, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) })
    const value = (await body.json()) as unknown
    return statusCode === 200 && typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}
