// Pattern B against a real identity provider: who gets in, who does not and what they are told, and what happens while keys change or
// the provider is away. How a client finds its way to a token is in login.integration.test.ts.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk } from '../fixtures/desk.ts'
import { type IdentityProvider, startIdentityProvider } from '../fixtures/identity-provider.ts'

const AUDIENCE = 'http://127.0.0.1:8080/v1/mcp'
const METADATA = 'http://127.0.0.1:8080/.well-known/oauth-protected-resource/v1/mcp'
const REVOKE = readFileSync(new URL('../store/revoke-token.sql', import.meta.url), 'utf8')

let services: DeskServices
let provider: IdentityProvider
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  provider = await startIdentityProvider({ audience: AUDIENCE })
  desk = await open()
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

function open(more: Record<string, string> = {}, issuer = provider.issuer): Promise<Desk> {
  return openDesk(services.addresses, { AUTH: 'oauth', OAUTH_ISSUER: issuer, OAUTH_AUDIENCE: AUDIENCE, ...more })
}

const ago = (seconds: number) => Math.floor(Date.now() / 1_000) - seconds
const listed = async (token: string, at = desk) => await at.call('list_tables', {}, token)
const codeFor = async (token: string, at = desk) => {
  const { status, data } = await listed(token, at)
  return `${status} ${String(data.code ?? 'served')}`
}

describe('a token', () => {
  test("of the provider's own making is let in, as whom it says", async () => {
    const token = await provider.clientToken('worker', 'mcp:tools:read')
    expect(await codeFor(token)).toBe('200 served')
    await expect.poll(() => desk.logged('request').at(-1)).toMatchObject({ tenant: 't0', agent_id: 'worker', auth_pattern: 'oauth' })
    expect(JSON.stringify(desk.logged('request'))).not.toContain(token.split('.')[2])
  })

  test('names its agent, and sees its own tenant only', async () => {
    const token = await provider.signed({ tenant: 't1', agent: 'night-shift', scope: 'mcp:tools:read mcp:tools:query' })
    const { data } = await desk.call('run_query', { sql: 'select distinct tenant from invoices' }, token)
    expect(data.rows).toEqual([{ tenant: 't1' }])
    await expect.poll(() => desk.logged('request').at(-1)).toMatchObject({ tenant: 't1', agent_id: 'night-shift' })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['expired', { exp: ago(60) }, 'This token has expired; get a new one.'],
    ['for another audience', { aud: 'https://elsewhere.example' }, 'This token is for another audience'],
    ['of another issuer', { iss: 'https://elsewhere.example' }, 'from another issuer'],
    ['not yet good', { nbf: ago(-60) }, 'unusable claim: nbf'],
    ['without an end', { exp: undefined }, 'unusable claim: exp'],
    ['of no tenant', { tenant: undefined }, 'lacks usable claims: tenant'],
    ['of a tenant that is no name', { tenant: "t0'; drop" }, 'lacks usable claims: tenant'],
    ['without a name of its own', { jti: undefined }, 'lacks usable claims: jti'],
    ['bound to a certificate', { cnf: { 'x5t#S256': 'x' } }, 'bound to another client certificate'],
  ])('that is %s is 401, and the challenge says why and where to go', async (_, claims, words) => {
    const { status, headers, data, body } = await listed(await provider.signed(claims))
    expect([status, data.code, data.retryable]).toEqual([401, 'UNAUTHENTICATED', false])
    expect(JSON.stringify(body)).toContain(words)
    const challenge = headers.get('www-authenticate') ?? ''
    expect(challenge).toMatch(/^Bearer realm="mcp", error="invalid_token", error_description="This token /)
    expect(challenge).toContain(`scope="mcp:tools:read", resource_metadata="${METADATA}"`)
  })

  test.each([
    ['nonsense', () => 'x.y.z'],
    ['a key of ours', () => 'mcp_a0_secret-of-agent-0000'],
    ['a signature of another', async () => `${(await provider.signed({})).slice(0, -8)}AAAAAAAA`],
    ['no signature', async () => `${btoa('{"alg":"none"}').replace(/=/g, '')}.${(await provider.signed({})).split('.')[1]}.x`],
    ['a key id that the provider does not have', () => provider.signed({}, 'nobodys')],
  ])('that is %s is 401', async (_, make) => {
    expect(await codeFor(await make())).toBe('401 UNAUTHENTICATED')
  })

  test('that is missing is 401 with a challenge that names no error', async () => {
    const answer = await fetch(desk.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"method":"x"}' })
    expect(answer.status).toBe(401)
    const challenge = `Bearer realm="mcp", scope="mcp:tools:read", resource_metadata="${METADATA}"`
    expect(answer.headers.get('www-authenticate')).toBe(challenge)
  })

  test('with too little scope is 403, and the challenge names all that the call needs', async () => {
    const token = await provider.signed({ scope: 'mcp:tools:read' })
    const { status, headers, data } = await desk.call('run_query', { sql: 'select 1' }, token)
    expect([status, data.code, data.scope]).toEqual([403, 'INSUFFICIENT_SCOPE', 'mcp:tools:query'])
    const challenge = headers.get('www-authenticate') ?? ''
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="mcp:tools:read mcp:tools:query"')
    expect(challenge).toContain(`resource_metadata="${METADATA}"`)
  })

  test('that is revoked is 401 within a second, on every instance', async () => {
    await using other = await open({ INSTANCE: 'server-2' })
    const jti = randomUUID()
    const token = await provider.signed({ jti })
    expect([await codeFor(token), await codeFor(token, other)]).toEqual(['200 served', '200 served'])
    const revokedAtMs = performance.now()
    await services.postgres.query(REVOKE, [jti, 'an operator', 86_400])
    for (const each of [desk, other]) {
      await expect.poll(() => codeFor(token, each), { interval: 20 }).toBe('401 UNAUTHENTICATED')
    }
    expect(performance.now() - revokedAtMs).toBeLessThan(1_000)
    await using started = await open({ INSTANCE: 'server-3' })
    await expect.poll(() => codeFor(token, started), { interval: 20, timeout: 1_000 }).toBe('401 UNAUTHENTICATED')
  })
})

describe('the metadata of this resource', () => {
  test.each(['/.well-known/oauth-protected-resource/v1/mcp', '/.well-known/oauth-protected-resource'])('%s', async (path) => {
    const answer = await fetch(new URL(path, desk.url))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    expect(await answer.json()).toMatchObject({
      resource: AUDIENCE,
      authorization_servers: [provider.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: expect.arrayContaining(['mcp:tools:read', 'mcp:tools:query', 'mcp:tools:write', 'mcp:resources:read']),
    })
  })

  test('is nowhere else', async () => {
    expect((await fetch(new URL('/.well-known/oauth-protected-resource/v2/mcp', desk.url))).status).toBe(404)
  })
})

describe('the provider', () => {
  const own = () => startIdentityProvider({ audience: AUDIENCE })

  test('changes its key: tokens of both are good, and none is refused on the way', async () => {
    await using rotating = await own()
    await using at = await open({}, rotating.issuer)
    const before = await rotating.clientToken('worker', 'mcp:tools:read')
    expect(await codeFor(before, at)).toBe('200 served')
    await rotating.rotate()
    const after = await rotating.clientToken('worker', 'mcp:tools:read')
    const answers = await Promise.all([before, after, after, before, after].map((token) => codeFor(token, at)))
    expect([...new Set(answers)]).toEqual(['200 served'])
    await rotating.rotate(true)
    expect(await codeFor(await rotating.signed({}), at)).toBe('200 served')
    expect(await codeFor(before, at)).toBe('401 UNAUTHENTICATED')
    expect(rotating.keyRequests).toBeLessThanOrEqual(4)
  })

  test('is not asked once for each guessed key id', async () => {
    await using asked = await own()
    await using at = await open({}, asked.issuer)
    const guesses = await Promise.all(Array.from({ length: 40 }, (_, i) => asked.signed({}, `guess-${i}`)))
    const answers = await Promise.all(guesses.map((token) => codeFor(token, at)))
    expect([...new Set(answers)]).toEqual(['401 UNAUTHENTICATED'])
    expect(asked.keyRequests).toBeLessThanOrEqual(2)
  })

  test('is away: known keys serve; a key never seen is 503 with a wait, not 401; so is every key once the set is stale', async () => {
    await using leaving = await own()
    await using at = await open({ OAUTH_KEYS_FRESH_MS: '100', OAUTH_KEYS_STALE_MS: '1500' }, leaving.issuer)
    const openedMs = performance.now()
    const known = await leaving.signed({})
    const unknown = await leaving.signed({}, 'never-seen')
    expect(await codeFor(known, at)).toBe('200 served')
    await leaving.pause()
    expect(await codeFor(known, at)).toBe('200 served')
    const { status, headers, data } = await listed(unknown, at)
    expect([status, data.code, data.scope]).toEqual([503, 'DEPENDENCY_UNAVAILABLE', 'identity-provider'])
    expect([data.retryable, data.retryAfterMs, headers.get('retry-after')]).toEqual([true, 1_000, '1'])
    await expect.poll(() => codeFor(known, at), { interval: 50, timeout: 5_000 }).toBe('503 DEPENDENCY_UNAVAILABLE')
    expect(performance.now() - openedMs).toBeGreaterThan(1_500)
    await leaving.resume()
    await expect.poll(() => codeFor(known, at), { interval: 50, timeout: 5_000 }).toBe('200 served')
    await expect.poll(() => at.logged('identity provider').map(({ state }) => state)).toEqual(['down', 'up'])
  })

  test.each([
    ['is away', (gone: IdentityProvider) => gone.pause()],
    ['answers 500', (gone: IdentityProvider) => gone.keysAnswer(500)],
  ])('%s while an instance is cold: 503, never 401', async (_, breaks) => {
    await using gone = await own()
    await using cold = await open({}, gone.issuer)
    const token = await gone.clientToken('worker', 'mcp:tools:read')
    await breaks(gone)
    const answers = await Promise.all(Array.from({ length: 10 }, () => codeFor(token, cold)))
    expect([...new Set(answers)]).toEqual(['503 DEPENDENCY_UNAVAILABLE'])
    expect(await codeFor('not.a.token', cold)).toBe('401 UNAUTHENTICATED')
  })

  test('hangs: the answer is 503 before any deadline', async () => {
    await using mute = await own()
    await using at = await open({ OAUTH_TIMEOUT_MS: '300' }, mute.issuer)
    const token = await mute.signed({})
    mute.keysHang()
    const askedMs = performance.now()
    expect(await codeFor(token, at)).toBe('503 DEPENDENCY_UNAVAILABLE')
    expect(performance.now() - askedMs).toBeLessThan(1_500)
  })
})
