// What this server asks of the identity provider: where its keys and its token endpoint are (OpenID Connect discovery, else
// RFC 8414), and JSON documents within bounds: OAUTH_TIMEOUT_MS a request, 256 KiB, no redirects.
// A provider that names another issuer than the one configured is not it (RFC 8414 §3.3): mix-up is refused, not followed.
// Does not model: signed metadata, a provider behind a proxy of ours.
import { z } from 'zod'

export interface Metadata {
  issuer: string
  jwks_uri: string
  token_endpoint?: string | undefined
}

export interface Provider {
  /** Remembered until `forget`. @throws Error when it cannot be had */
  metadata(): Promise<Metadata>
  forget(): void
  /** @throws Error for anything but JSON with status 200 */
  json(url: string): Promise<unknown>
}

const BYTES_MAX = 262_144
const Document = z.object({ issuer: z.string(), jwks_uri: z.url(), token_endpoint: z.url().optional() })

export function openProvider({ issuer, timeoutMs }: { issuer: string; timeoutMs: number }): Provider {
  let known: Metadata | undefined
  const json = async (url: string): Promise<unknown> => {
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(url, { headers: { accept: 'application/json' }, redirect: 'error', signal })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw new ProviderAnswered(response.status)
    }
    return JSON.parse(await bounded(response))
  }
  return {
    json,
    async metadata() {
      known ??= await discovered(issuer, json)
      return known
    },
    forget() {
      known = undefined
    },
  }
}

class ProviderAnswered extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the identity provider answered ${status}`)
    this.status = status
  }
}

async function discovered(issuer: string, json: Provider['json']): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, '')
  const document = await json(`${origin}${path}/.well-known/openid-configuration`).catch(async (error: unknown) => {
    if (!(error instanceof ProviderAnswered)) throw error
    return await json(`${origin}/.well-known/oauth-authorization-server${path}`)
  })
  const metadata = Document.parse(document)
  if (metadata.issuer !== issuer) throw new Error('the identity provider calls itself by another issuer')
  return metadata
}

/** @throws Error when the body is larger than any such document */
export async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > BYTES_MAX) throw new Error(`the identity provider sent more than ${BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
