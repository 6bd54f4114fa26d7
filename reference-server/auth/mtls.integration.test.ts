// Pattern C, over real TLS with certificates made here and tokens that a real provider has bound to one of them (RFC 8705).
import { randomUUID } from 'node:crypto'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Certificate, type Certificates, makeCertificates } from '../fixtures/certificates.ts'
import { type Desk, headersOf, openDesk, told, toolCall } from '../fixtures/desk.ts'
import { type IdentityProvider, startIdentityProvider } from '../fixtures/identity-provider.ts'

const AUDIENCE = 'https://desk.example/v1/mcp'
let services: DeskServices
let certificates: Certificates
let provider: IdentityProvider
let desk: Desk
let mine: Certificate
let another: Certificate

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  provider = await startIdentityProvider({ audience: AUDIENCE })
  certificates = await makeCertificates()
  mine = await certificates.signed('mine')
  another = await certificates.signed('another')
  const own = await certificates.signed('desk')
  desk = await openDesk(services.addresses, {
    AUTH: 'mtls',
    OAUTH_ISSUER: provider.issuer,
    OAUTH_AUDIENCE: AUDIENCE,
    TLS_CERT_FILE: own.certFile,
    TLS_KEY_FILE: own.keyFile,
    TLS_CLIENT_CA_FILE: certificates.authority.certFile,
  })
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await certificates?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

async function called(token: string, shown?: Certificate, id = 'c') {
  const connect = { ca: certificates.authority.cert, ...(shown && { cert: shown.cert, key: shown.key }) }
  const dispatcher = new Agent({ connect })
  try {
    const headers = { ...headersOf('list_tables', id, token), host: 'localhost' }
    const answer = await fetch(desk.url, { method: 'POST', headers, body: toolCall(id, 'list_tables', {}), dispatcher })
    return await told(answer as unknown as Response)
  } finally {
    await dispatcher.close()
  }
}

test('a token is good on a connection that shows the certificate it is bound to', async () => {
  const token = await provider.clientToken('bound-worker', 'mcp:tools:read', mine.cert)
  expect((await called(token, mine)).status).toBe(200)
  await expect.poll(() => desk.logged('request').at(-1)).toMatchObject({ agent_id: 'bound-worker', auth_pattern: 'mtls' })
})

test('with another certificate of the same authority it is 401: stolen, it is worth nothing', async () => {
  const token = await provider.clientToken('bound-worker', 'mcp:tools:read', mine.cert)
  const { status, data, headers } = await called(token, another)
  expect([status, data.code]).toEqual([401, 'UNAUTHENTICATED'])
  expect(headers.get('www-authenticate')).toContain('bound to another client certificate')
  expect((await called(token, mine)).status).toBe(200)
})

test('a token that is bound to nothing is 401', async () => {
  const { status, headers } = await called(await provider.clientToken('worker', 'mcp:tools:read'), mine)
  expect(status).toBe(401)
  expect(headers.get('www-authenticate')).toContain('not bound to a client certificate')
})

test('nobody gets as far as the token without a certificate that the authority has signed', async () => {
  const token = await provider.clientToken('bound-worker', 'mcp:tools:read', mine.cert)
  // Lines leave in bunches and in order: one that is waited for brings all before it.
  const linesSoFar = async () => {
    const id = randomUUID()
    await called(token, mine, id)
    await expect.poll(() => desk.logged('request').at(-1)?.request_id).toBe(id)
    return desk.logged('request').length
  }
  const before = await linesSoFar()
  await expect(called(token)).rejects.toThrow()
  await expect(called(token, await certificates.stranger())).rejects.toThrow()
  expect(await linesSoFar()).toBe(before + 1)
})

test('the metadata says that tokens are bound', async () => {
  const dispatcher = new Agent({ connect: { ca: certificates.authority.cert, cert: mine.cert, key: mine.key } })
  const answer = await fetch(new URL('/.well-known/oauth-protected-resource/v1/mcp', desk.url), { dispatcher })
  expect(await answer.json()).toMatchObject({ resource: AUDIENCE, tls_client_certificate_bound_access_tokens: true })
  await dispatcher.close()
})
