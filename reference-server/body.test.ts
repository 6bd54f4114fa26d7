import { expect, test } from 'vitest'
import { depthOf, messageIn } from './body.ts'

test('depth counts brackets, not those in strings', () => {
  expect(depthOf('{"a":[{"b":1}]}')).toBe(3)
  expect(depthOf('{"a":"[[[[{{{{\\"[["}')).toBe(1)
  expect(depthOf('"\\\\"[')).toBe(1)
  expect(depthOf('')).toBe(0)
})

test.each([
  ['{"a":', 'PARSE_ERROR'],
  ['', 'PARSE_ERROR'],
  ['[]', 'INVALID_REQUEST'],
  ['null', 'INVALID_REQUEST'],
  ['7', 'INVALID_REQUEST'],
  [`${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, 'INVALID_REQUEST'],
])('%s is %s', (text, code) => {
  expect(() => messageIn(text)).toThrow(expect.objectContaining({ code }))
})

test('one object is a message', () => {
  expect(messageIn('{"jsonrpc":"2.0"}')).toEqual({ jsonrpc: '2.0' })
})
