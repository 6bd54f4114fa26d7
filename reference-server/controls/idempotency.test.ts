// The key's arithmetic; the rest needs a database: server.integration.test.ts, failures.integration.test.ts.
import { expect, test } from 'vitest'
import { argumentsHash } from './idempotency.ts'

test('the same arguments in another order are the same', () => {
  expect(argumentsHash({ a: 1, b: { c: [1, 2], d: 'x' } })).toBe(argumentsHash({ b: { d: 'x', c: [1, 2] }, a: 1 }))
  expect(argumentsHash({ a: 1, b: undefined })).toBe(argumentsHash({ a: 1 }))
})

test.each([
  [{ a: 1 }, { a: '1' }],
  [{ a: [1, 2] }, { a: [2, 1] }],
  [{ a: 1 }, { a: 1, b: null }],
  [{ a: 'x","b":"y' }, { a: 'x', b: 'y' }],
])('%o and %o are not', (one, other) => {
  expect(argumentsHash(one)).not.toBe(argumentsHash(other))
})
