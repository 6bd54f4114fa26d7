import { expect, test } from 'vitest'
import { CallError } from '../errors.ts'
import { told, toldToAuthor, toldToWriter } from './failures.ts'
import { isConnectionFailure } from './postgres.ts'

const readOnly = Object.assign(new Error('cannot execute INSERT in a read-only transaction'), { code: '25006' })

test('a database that only reads at present is told to a write as a dependency that is away, with a wait', () => {
  const error = toldToWriter(told(readOnly)) as CallError
  expect(error).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', details: { scope: 'postgres', retryAfterMs: 2_000 } })
  expect(error.message).not.toMatch(/INSERT|25006/)
})

test('a query of the caller’s own that writes is the caller’s to correct', () => {
  expect(toldToAuthor(told(readOnly))).toMatchObject({ code: 'INVALID_ARGUMENTS' })
})

test('whatever else a write met stays what it was', () => {
  const locked = told(Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' }))
  expect(toldToWriter(locked)).toBe(locked)
  const strange = new TypeError('strange')
  expect(toldToWriter(strange)).toBe(strange)
  expect(toldToWriter(new CallError('RESULT_TOO_LARGE', 'large', {}))).toMatchObject({ code: 'RESULT_TOO_LARGE' })
})

test.each([
  ['a mistake of ours', new TypeError('x is not a function')],
  ['what a parser could not read', new SyntaxError('Unexpected token')],
  ['too deep a recursion', new RangeError('Maximum call stack size exceeded')],
])('%s is no outage', (_, error) => {
  expect(isConnectionFailure(error)).toBe(false)
  expect(told(error)).toBe(error)
})

test.each([
  ['no code, by pg', new Error('Connection terminated unexpectedly')],
  ["the system's", Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
  ['several addresses', Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })],
  ['Postgres ends', Object.assign(new Error('terminating connection'), { code: '57P01' })],
])('%s: the connection is at fault', (_, error) => {
  expect(told(error)).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE' })
})
