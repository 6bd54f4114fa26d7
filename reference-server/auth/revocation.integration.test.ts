// A key that is taken away is worth nothing on any instance within a second, however it was taken: here by hand, in the database.
// Tokens of a provider: oauth.integration.test.ts.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk } from '../fixtures/desk.ts'

let services: DeskServices

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await services?.[Symbol.asyncDispose]()
})

const KEY = { agent: 'agent-x', tenant: 't0', scopes: ['mcp:tools:read'] }

function open(keyId: string, instance: string, secret = 'secret-of-agent-xxxx'): Promise<Desk> {
  const seeds = [{ ...KEY, keyId, secret }]
  return openDesk(services.addresses, {
    SEED_AGENTS: JSON.stringify(seeds),
    INSTANCE: instance,
    BREAKER_FAILURES: '2',
    BREAKER_OPEN_MS: '200',
  })
}

const revoke = (keyId: string) => services.postgres.query('update desk.agent_keys set revoked_at = now() where key_id = $1', [keyId])
const codeOn = async (desk: Desk, keyId: string, secret = 'secret-of-agent-xxxx') => {
  const { status, data } = await desk.call('list_tables', {}, `mcp_${keyId}_${secret}`)
  return `${status} ${String(data.code ?? 'served')}`
}

test('two instances that know the key refuse it within a second', async () => {
  const key = randomUUID()
  await using first = await open(key, 'first')
  await using second = await open(key, 'second')
  expect([await codeOn(first, key), await codeOn(second, key)]).toEqual(['200 served', '200 served'])
  await revoke(key)
  const revokedMs = performance.now()
  for (const desk of [first, second]) await expect.poll(() => codeOn(desk, key), { interval: 20 }).toBe('401 UNAUTHENTICATED')
  expect(performance.now() - revokedMs).toBeLessThan(1_000)
})

test('a start with the settings that once made it does not bring it back; another secret under its id is another key', async () => {
  const key = randomUUID()
  {
    await using desk = await open(key, 'before')
    expect(await codeOn(desk, key)).toBe('200 served')
  }
  await services.postgres.query(`update desk.agent_keys set tier = 'free', changed_at = now() where key_id = $1`, [key])
  await revoke(key)
  await using restarted = await open(key, 'restarted')
  expect(await codeOn(restarted, key)).toBe('401 UNAUTHENTICATED')
  await using renewed = await open(key, 'renewed', 'another-secret-of-xxxx')
  expect(await codeOn(renewed, key, 'another-secret-of-xxxx')).toBe('200 served')
  expect(await services.postgres.query('select tier from desk.agent_keys where key_id = $1', [key])).toEqual([{ tier: 'free' }])
})

test('what was revoked while an instance was cut off from the database is refused as soon as it is back', async () => {
  const key = randomUUID()
  await using desk = await open(key, 'cut-off')
  expect(await codeOn(desk, key)).toBe('200 served')
  await using down = await toxic(services.links.postgres, 'down', {})
  await revoke(key)
  await expect.poll(() => codeOn(desk, key), { interval: 20 }).toBe('503 DEPENDENCY_UNAVAILABLE')
  await down.remove()
  await expect.poll(() => codeOn(desk, key), { interval: 20, timeout: 5_000 }).toBe('401 UNAUTHENTICATED')
})
