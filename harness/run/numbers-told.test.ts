import { expect, it } from 'vitest'
import { numbersTold } from './numbers-told.ts'

it('tells limits, sizes and times', () => {
  const settings = { POOL_CHEAP: '10', AGENT_RATE_PER_MINUTE: '240', AUTH_FAILURES_PER_MINUTE: '600', OAUTH_KEYS_FRESH_MS: '300000' }
  expect(numbersTold({ ...settings })).toEqual({ POOL_CHEAP: '10', AGENT_RATE_PER_MINUTE: '240', AUTH_FAILURES_PER_MINUTE: '600' })
})

it.each([
  ['DB_PASSWORD', '12345678'],
  ['ADMIN_PIN', '4711'],
  ['API_KEY', '123456789'],
  ['ACCESS_TOKENS', '1'],
  ['PGPASS', 'hunter2'],
  ['DATABASE_URL', 'postgres://app:1234@127.0.0.1/db'],
  ['ACCOUNT', '1234567890123456'],
  ['ADMIN_PORT', '8081'],
])('keeps %s to itself', (name, value) => {
  expect(numbersTold({ [name]: value })).toEqual({})
})
