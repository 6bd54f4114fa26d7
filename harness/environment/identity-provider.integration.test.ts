import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { request } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts'
import { ScratchKeeper } from './scratch-keeper.ts'

const { signal } = new AbortController()
let owned: AsyncDisposableStack
let keeper: ScratchKeeper
let provider: IdentityProvider

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  keeper = owned.use(await ScratchKeeper.open())
  provider = owned.use(await startIdentityProvider({ keeper, signal, clients: [{ id: 'steady-01', claims: { tenant: 't1' } }] }))
})

afterEach(async () => {
  await owned.disposeAsync()
  expect(await keeper.alive()).toEqual([])
})

async function ask(client: string, more: Record<string, string> = {}) {
  const body = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client,
    client_secret: 'any',
    scope: 'a b',
    resource: 'urn:x',
    ...more,
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await request(`http://${provider.address}/token`, { method: 'POST', headers, body: body.toString() })
  return { status: answer.statusCode, body: (await answer.body.json()) as { access_token: string } }
}

const verify = async (token: string) => {
  const { jwks_uri, issuer } = (await (await request(`${provider.issuer}/.well-known/openid-configuration`)).body.json()) as Record<
    string,
    string
  >
  return (await jwtVerify(token, createRemoteJWKSet(new URL(jwks_uri ?? '')), { issuer: issuer ?? '', audience: 'urn:x' })).payload
}

it('grants a token to an agent it knows, and to nobody else', async () => {
  const { status, body } = await ask('steady-01')
  expect(status).toBe(200)
  expect(await verify(body.access_token)).toMatchObject({ sub: 'steady-01', tenant: 't1', scope: 'a b' })
  expect((await ask('stranger')).status).toBe(401)
})

it('rotates: a new key signs, the old one is known until it is forgotten', async () => {
  const old = await provider.token({ sub: 'x', aud: 'urn:x' })
  await provider.rotateKeys()
  const fresh = await provider.token({ sub: 'x', aud: 'urn:x' })
  expect(decodeProtectedHeader(fresh).kid).not.toBe(decodeProtectedHeader(old).kid)
  expect(await verify(old)).toMatchObject({ sub: 'x' })
  await provider.rotateKeys(true)
  await expect(verify(old)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

it('grants what is not right to whoever asks for that: out of date, signed by the key of the next rotation, or by one that is none', async () => {
  const expired = await ask('steady-01', { expires_in: '-60' })
  await expect(verify(expired.body.access_token)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' })
  expect((await ask('steady-01', { expires_in: 'soon' })).status).toBe(400)
  const unknown = await Promise.all([1, 2].map(async () => (await ask('steady-01', { key: 'unknown' })).body.access_token))
  expect(new Set(unknown.map((token) => decodeProtectedHeader(token).kid)).size).toBe(2)
  const { body } = await ask('steady-01', { key: 'next', jti: 'known' })
  await expect(verify(body.access_token)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  await provider.rotateKeys()
  expect(await verify(body.access_token)).toMatchObject({ sub: 'steady-01', jti: 'known' })
  for (const token of unknown) await expect(verify(token)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

it('counts who asks for its keys, its own canaries left out', async () => {
  expect(await provider.keySetRequests()).toBe(0)
  const keys = `${provider.issuer}/jwks`
  for (const headers of [{}, {}, { 'x-stampede-canary': '1' }]) await (await request(keys, { headers })).body.dump()
  await provider.pause()
  expect(await provider.keySetRequests()).toBe(2)
})

it('refuses connections while it is paused', async () => {
  await provider.pause()
  await provider.pause()
  await expect(ask('steady-01')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await provider.resume()
  await provider.resume()
  expect((await ask('steady-01')).status).toBe(200)
})

it('calls itself as it is told to', async () => {
  await provider.publish(provider.address.replace('127.0.0.1', 'localhost'))
  expect(await verify(await provider.token({ aud: 'urn:x' }))).toMatchObject({ iss: provider.issuer })
  expect(provider.issuer).toContain('localhost')
})
