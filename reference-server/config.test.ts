import { expect, test } from 'vitest'
import { connectionsMax, SettingsError, settingsFrom } from './config.ts'

const needed = {
  DATABASE_URL: 'postgres://app@127.0.0.1:5432/postgres',
  DATABASE_ADMIN_URL: 'postgresql://postgres@127.0.0.1:5432/postgres',
  REDIS_URL: 'redis://127.0.0.1:6379',
}

test('defaults are the published ones', () => {
  expect(settingsFrom(needed)).toMatchObject({
    AGENT_RATE_PER_MINUTE: 60,
    AGENT_BURST: 10,
    AGENT_CONCURRENCY: 5,
    AGENT_TOOL_RATE_PER_MINUTE: 10,
    BREAKER_FAILURES: 20,
    BREAKER_FAILING_MS: 5_000,
    BREAKER_OPEN_MS: 5_000,
    DEADLINE_LONGEST_MS: 25_000,
    SEED_AGENTS: [],
  })
  expect(connectionsMax(settingsFrom(needed))).toBe(20)
})

test('what is empty is as if it were not there', () => {
  expect(settingsFrom({ ...needed, PORT: '', WEAKNESS: '' })).toMatchObject({ PORT: 8080, WEAKNESS: '' })
})

test.each([
  [{ AGENT_BURST: '0' }, 'AGENT_BURST is "0": must be a whole number from 1 to 100000'],
  [{ PORT: 'http' }, 'PORT is "http": must be a whole number from 0 to 65535'],
  [{ QUEUE_MAX: '1.5' }, 'QUEUE_MAX is "1.5": must be a whole number'],
  [{ REDIS_URL: 'postgres://x' }, 'REDIS_URL is "postgres://x": must be an address such as redis://'],
  [{ DATABASE_URL: '' }, 'DATABASE_URL is missing: must be an address such as postgres://'],
  [{ INSTANCE: 'a b' }, 'INSTANCE is "a b": must be 1 to 64 letters'],
  [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud": must be debug, info'],
  [{ SEED_AGENTS: '{' }, 'SEED_AGENTS is "{": '],
  [{ SEED_AGENTS: '[{"agent":"a","tenant":"t","keyId":"k","scopes":[]}]' }, 'needs a secretHash, or a secret'],
  [{ AUTH: 'none' }, 'AUTH is "none": must be keys, oauth or mtls'],
  [{ AUTH: 'oauth', OAUTH_AUDIENCE: 'https://desk.example/v1/mcp' }, 'OAUTH_ISSUER is missing: AUTH=oauth needs it'],
  [{ OAUTH_ISSUER: 'http://idp.example' }, 'OAUTH_ISSUER is "http://idp.example": must be https, or http on this machine'],
  [{ CONFORMANCE: '1', HOST: '0.0.0.0' }, 'CONFORMANCE lets everybody in: HOST is "0.0.0.0", must be 127.0.0.1 with it'],
])('%o is refused with the value and its range', (bad, message) => {
  expect(() => settingsFrom({ ...needed, ...bad })).toThrow(SettingsError)
  expect(() => settingsFrom({ ...needed, ...bad })).toThrow(message)
})

test('every problem is told at once', () => {
  const told = () => settingsFrom({ ...needed, PORT: '-1', QUEUE_MAX: 'x' })
  expect(told).toThrow(/PORT is "-1".*\nQUEUE_MAX is "x"/)
})
