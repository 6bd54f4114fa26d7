import { expect, test } from 'vitest'
import { guardAddresses } from './address-guard.ts'
import { settingsFrom } from './config.ts'
import { CallError } from './errors.ts'
import { standingClock } from './fixtures/call.ts'

const settings = settingsFrom({
  DATABASE_URL: 'postgres://app@127.0.0.1/x',
  DATABASE_ADMIN_URL: 'postgres://app@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  ADDRESS_RATE_PER_MINUTE: '600',
  ADDRESS_BURST: '5',
  AUTH_FAILURES_PER_MINUTE: '60',
  AUTH_FAILURES_BURST: '2',
})

test('an address has its rate, and another its own', () => {
  const clock = standingClock(1_000)
  const guard = guardAddresses(settings, clock)
  for (let i = 0; i < 5; i++) guard.admit('10.0.0.1')
  expect(() => guard.admit('10.0.0.1')).toThrow(
    expect.objectContaining({ code: 'RATE_LIMITED', details: { scope: 'address', limit: 600, windowMs: 60_000, retryAfterMs: 100 } }),
  )
  guard.admit('10.0.0.2')
  clock.advance(100)
  guard.admit('10.0.0.1')
})

test('failures are held tighter: told 401 at first, then 429 with a wait; requests that do not fail are not touched', () => {
  const clock = standingClock(1_000)
  const guard = guardAddresses(settings, clock)
  const wrong = new CallError('UNAUTHENTICATED', 'wrong')
  const told = (): string => guard.failed('10.0.0.1', wrong).code
  expect([told(), told(), told()]).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'RATE_LIMITED'])
  guard.admit('10.0.0.1')
  clock.advance(1_000)
  expect(told()).toBe('UNAUTHENTICATED')
})
