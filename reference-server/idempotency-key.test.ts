import { expect, test } from 'vitest'
import { sampleCall } from './fixtures/call.ts'
import { keyOf } from './idempotency-key.ts'

const call = (argument?: unknown, header?: string, meta?: unknown) =>
  sampleCall({
    id: 'never-a-key',
    arguments: { ...(argument !== undefined && { idempotencyKey: argument }) },
    headers: { ...(header !== undefined && { 'idempotency-key': header }) },
    message: { params: { _meta: { ...(meta !== undefined && { idempotencyKey: meta }) } } },
  })

test('the argument goes before the header, the header before _meta', () => {
  expect(keyOf(call('a', 'h', 'm'))).toBe('a')
  expect(keyOf(call(undefined, 'h', 'm'))).toBe('h')
  expect(keyOf(call(undefined, undefined, 'm'))).toBe('m')
})

test.each([[''], ['with space'], ['x'.repeat(201)], ['é']])('%j beside the arguments is no key', (given) => {
  expect(keyOf(call(undefined, given))).toBeUndefined()
  expect(keyOf(call(undefined, undefined, given))).toBeUndefined()
})

test('the JSON-RPC id is never one', () => {
  expect(keyOf(call())).toBeUndefined()
})
