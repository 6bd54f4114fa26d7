// Signing keys, metadata and the client-credentials grant of the run's OAuth issuer. ES256: quick to make and to check.
import { randomUUID } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface Client {
  id: string
  /** Put into each of its tokens. */
  claims: Record<string, unknown>
}

interface SigningKey {
  privateKey: CryptoKey
  jwk: JWK & { kid: string }
}

export const REFUSED = Symbol('refused')
export type Grant = { access_token: string; token_type: 'Bearer'; expires_in: number; scope: string } | { [REFUSED]: number; error: string }

const LIFETIME_S = 3_600

export class Issuer {
  /** The `iss` of its tokens; its documents' addresses begin with it. */
  url = ''
  readonly #clients: ReadonlyMap<string, Client>
  #keys: [SigningKey, ...SigningKey[]]
  /** In nobody's key set until the keys rotate. */
  #next: SigningKey
  /** In nobody's ever. */
  readonly #unknown: SigningKey

  private constructor(clients: readonly Client[], first: SigningKey, next: SigningKey, unknown: SigningKey) {
    this.#clients = new Map(clients.map((client) => [client.id, client]))
    this.#keys = [first]
    this.#next = next
    this.#unknown = unknown
  }

  static async create(clients: readonly Client[]): Promise<Issuer> {
    return new Issuer(clients, await newKey(), await newKey(), await newKey())
  }

  metadata() {
    return {
      issuer: this.url,
      jwks_uri: `${this.url}/jwks`,
      token_endpoint: `${this.url}/token`,
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
      subject_types_supported: ['public'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      id_token_signing_alg_values_supported: ['ES256'],
    }
  }

  keySet(): { keys: JWK[] } {
    return { keys: this.#keys.map(({ jwk }) => jwk) }
  }

  async rotate(forget: boolean): Promise<void> {
    this.#keys = [this.#next, ...(forget ? [] : this.#keys.slice(0, 4))]
    this.#next = await newKey()
  }

  /** `iss`, `iat`, `exp` and `jti` are added unless given. */
  async sign(claims: Record<string, unknown>, { privateKey, jwk }: SigningKey = this.#keys[0]): Promise<string> {
    const nowS = Math.floor(Date.now() / 1_000)
    return await new SignJWT({ iss: this.url, iat: nowS, exp: nowS + LIFETIME_S, jti: randomUUID(), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: jwk.kid })
      .sign(privateKey)
  }

  /**
   * RFC 6749 §4.4, with `resource` (RFC 8707) or `audience`. The secret may be any: this issuer serves one run, on loopback. For those who
   * need a token that is not right: `expires_in`, which may be in the past, `key=next`, signed by the key of the next rotation,
   * `key=unknown`, by one that is never published, under another key id each time, and a `jti` that is known beforehand.
   */
  async grant(authorization: string | undefined, form: URLSearchParams): Promise<Grant> {
    if (form.get('grant_type') !== 'client_credentials') return { [REFUSED]: 400, error: 'unsupported_grant_type' }
    const basic = /^Basic (.+)$/i.exec(authorization ?? '')?.[1]
    const [id = ''] = basic ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent) : [form.get('client_id') ?? '']
    const client = this.#clients.get(id)
    if (!client) return { [REFUSED]: 401, error: 'invalid_client' }
    const scope = form.get('scope') ?? ''
    const audience = form.get('resource') ?? form.get('audience')
    const lifetimeS = Number(form.get('expires_in') ?? LIFETIME_S)
    if (!Number.isInteger(lifetimeS)) return { [REFUSED]: 400, error: 'invalid_request' }
    const exp = Math.floor(Date.now() / 1_000) + lifetimeS
    const named = { ...(audience !== null && { aud: audience }), ...(form.has('jti') && { jti: form.get('jti') }) }
    const claims = { sub: id, client_id: id, scope, exp, ...named, ...client.claims }
    const token = await this.sign(claims, this.#keyNamed(form.get('key')))
    return { access_token: token, token_type: 'Bearer', expires_in: lifetimeS, scope }
  }

  #keyNamed(name: string | null): SigningKey | undefined {
    if (name === 'unknown') return { ...this.#unknown, jwk: { ...this.#unknown.jwk, kid: randomUUID() } }
    return name === 'next' ? this.#next : undefined
  }
}

async function newKey(): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid: randomUUID(), use: 'sig', alg: 'ES256' } }
}
