// How somebody who knows nothing but the server's address gets in: the official client finds the provider by the challenge and the
// metadata, logs a person in with PKCE, keeps its tokens fresh, and asks for more when a tool wants more. And what the server does
// with the user's token on the way to the service behind it.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type OAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk } from '../fixtures/desk.ts'
import { type IdentityProvider, startIdentityProvider } from '../fixtures/identity-provider.ts'
import { REDIRECT } from '../fixtures/identity-provider-setup.ts'

const UPSTREAM = 'https://profiles.example'
let services: DeskServices
let provider: IdentityProvider
let upstream: Awaited<ReturnType<typeof startProfiles>>
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  const port = await services.freePort()
  const audience = `http://127.0.0.1:${port}/v1/mcp`
  provider = await startIdentityProvider({ audience, upstream: UPSTREAM })
  upstream = await startProfiles(provider.issuer)
  desk = await openDesk(services.addresses, {
    PORT: String(port),
    AUTH: 'oauth',
    OAUTH_ISSUER: provider.issuer,
    OAUTH_AUDIENCE: audience,
    OAUTH_CLIENT_ID: 'ledger-desk',
    OAUTH_CLIENT_SECRET: 'secret-of-ledger-desk',
    UPSTREAM_URL: upstream.url,
    UPSTREAM_AUDIENCE: UPSTREAM,
  })
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  upstream?.close()
  await provider?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

/** A service that shows each user their own profile, and knows users by tokens made for it. */
async function startProfiles(issuer: string) {
  const keys = createRemoteJWKSet(new URL(`${issuer}/jwks`))
  const seen: string[] = []
  const server = http.createServer((request, response) => {
    const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
    seen.push(token)
    jwtVerify(token, keys, { issuer, audience: UPSTREAM }).then(
      ({ payload: { sub: subject } }) => response.end(JSON.stringify({ subject, name: `Name of ${subject}`, plan: 'basic' })),
      () => response.writeHead(401).end(),
    )
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close }
}

/** A person at a desktop client: a browser that goes where it is sent. */
class Person implements OAuthClientProvider {
  readonly redirectUrl = REDIRECT
  readonly clientMetadata = { client_name: 'Desktop', redirect_uris: [REDIRECT] }
  readonly sentTo: URL[] = []
  held: OAuthTokens | undefined
  #verifier = ''
  #found: OAuthDiscoveryState | undefined
  #cookies = new Map<string, string>()
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }
  clientInformation() {
    return { client_id: 'desktop' }
  }
  tokens() {
    return this.held
  }
  saveTokens(tokens: OAuthTokens) {
    this.held = tokens
  }
  discoveryState() {
    return this.#found
  }
  saveDiscoveryState(found: OAuthDiscoveryState) {
    this.#found = found
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }
  codeVerifier() {
    return this.#verifier
  }
  redirectToAuthorization(url: URL) {
    this.sentTo.push(url)
  }
  /** Logs in and agrees. @returns what the provider hands back to the client */
  async browse(): Promise<URLSearchParams> {
    let at = this.sentTo.at(-1) ?? new URL('about:blank')
    at.searchParams.set('login_hint', this.#name)
    for (let hops = 0; !at.href.startsWith(REDIRECT); hops++) {
      if (hops > 20) throw new Error(`sent in circles, to ${at.pathname} at last`)
      const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const page = await fetch(at, { redirect: 'manual', headers: { cookie } })
      for (const set of page.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
        this.#cookies.set(name, value)
      }
      const location = page.headers.get('location')
      if (location === null) throw new Error(`${at.pathname} answered ${page.status}: ${await page.text()}`)
      at = new URL(location, at)
    }
    return at.searchParams
  }
}

/** Connects as a host does: tries, sends the person away to log in, tries again. */
async function loggedIn(person: Person): Promise<Client> {
  const transport = () => new StreamableHTTPClientTransport(new URL(desk.url), { authProvider: person })
  const client = () => new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
  const first = transport()
  await expect(client().connect(first)).rejects.toThrow(UnauthorizedError)
  await first.finishAuth(await person.browse())
  const second = client()
  await second.connect(transport())
  return second
}

const claimsOf = (token = '') => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

test('a client that knows only the address finds the provider, logs a person in with PKCE, and calls', async () => {
  const person = new Person('alice')
  const client = await loggedIn(person)
  const [asked] = person.sentTo
  expect(asked?.origin).toBe(provider.issuer)
  expect(Object.fromEntries(asked?.searchParams ?? [])).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    resource: desk.url,
    scope: expect.stringContaining('mcp:tools:read'),
  })
  expect(claimsOf(person.held?.access_token)).toMatchObject({ aud: desk.url, sub: 'alice', tenant: 't0' })
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('list_tables')
  expect((await client.callTool({ name: 'list_tables', arguments: {} })).isError).toBeFalsy()
  await client.close()
})

test('a token that has expired is renewed without a person, and its refresh token is good once', async () => {
  const person = new Person('bob')
  const client = await loggedIn(person)
  const before = person.held
  person.held = { ...(before as OAuthTokens), access_token: await provider.signed({ sub: 'bob', exp: 1_000 }) }
  expect((await client.callTool({ name: 'list_tables', arguments: {} })).isError).toBeFalsy()
  expect(person.sentTo).toHaveLength(1)
  expect(person.held.refresh_token).not.toBe(before?.refresh_token)
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: before?.refresh_token ?? '', client_id: 'desktop' })
  const again = await fetch(`${provider.issuer}/token`, { method: 'POST', body })
  expect([again.status, await again.json()]).toMatchObject([400, { error: 'invalid_grant' }])
  await client.close()
})

test('a tool that wants more sends the person back for exactly that, and keeps what there was', async () => {
  const person = new Person('carol')
  const client = await loggedIn(person)
  const small = await provider.signed({ sub: 'carol', scope: 'mcp:tools:read' })
  person.held = { access_token: small, token_type: 'Bearer', scope: 'mcp:tools:read' }
  const query = () => client.callTool({ name: 'run_query', arguments: { sql: 'select 1 as one' } })
  await expect(query()).rejects.toThrow(UnauthorizedError)
  const scopes = person.sentTo.at(-1)?.searchParams.get('scope')?.split(' ')
  expect(scopes).toEqual(expect.arrayContaining(['mcp:tools:read', 'mcp:tools:query']))
  await (client.transport as StreamableHTTPClientTransport).finishAuth(await person.browse())
  expect((await query()).structuredContent).toMatchObject({ rows: [{ one: 1 }] })
  expect((await client.callTool({ name: 'list_tables', arguments: {} })).isError).toBeFalsy()
  await client.close()
})

test("the service behind sees the user's own exchanged token: never the one that was sent here, never another user's", async () => {
  for (const name of ['dave', 'erin']) {
    const token = await provider.signed({ sub: name })
    const { data } = await desk.call('get_upstream_profile', {}, token)
    expect(data).toEqual({ subject: name, name: `Name of ${name}`, plan: 'basic' })
    const sent = upstream.seen.at(-1)
    expect(sent).not.toBe(token)
    expect(claimsOf(sent)).toMatchObject({ aud: UPSTREAM, sub: name, scope: 'profile:read' })
  }
})

test('an exchanged token is used again while it is good', async () => {
  const token = await provider.signed({ sub: 'frank' })
  await desk.call('get_upstream_profile', {}, token)
  const first = upstream.seen.at(-1)
  await desk.call('get_upstream_profile', {}, token)
  expect(upstream.seen.at(-1)).toBe(first)
})

test('a provider that is away leaves tools that need no exchange working, and the others say so', async () => {
  const token = await provider.signed({ sub: 'grace' })
  await desk.call('list_tables', {}, token)
  await using stack = new AsyncDisposableStack()
  stack.defer(() => provider.resume())
  await provider.pause()
  const refused = await desk.call('get_upstream_profile', {}, token)
  expect([refused.status, refused.isError, refused.data.code, refused.data.scope]).toEqual([
    200,
    true,
    'DEPENDENCY_UNAVAILABLE',
    'identity-provider',
  ])
  expect((await desk.call('list_tables', {}, token)).isError).toBe(false)
})
