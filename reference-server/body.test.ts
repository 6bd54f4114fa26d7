import type http from 'node:http'
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { depthOf, messageIn, readBody } from './body.ts'
import { CallError } from './errors.ts'

describe('what is read', () => {
  function request(length?: number) {
    const headers = length === undefined ? {} : { 'content-length': String(length) }
    return Object.assign(new PassThrough(), { headers }) as PassThrough & http.IncomingMessage
  }

  test('is the text of all pieces, each told before it is kept', async () => {
    const [sent, told] = [request(), [] as number[]]
    const text = readBody(sent, 10, (bytes) => told.push(bytes))
    sent.write('{"a"')
    sent.end(':"ö"}')
    expect([await text, told]).toEqual(['{"a":"ö"}', [4, 6]])
  })

  test.each<[string, (sent: PassThrough) => void, number?]>([
    ['what says that it is too large', () => undefined, 11],
    ['what turns out to be', (sent) => sent.write('x'.repeat(11))],
    ['what comes in a million pieces', (sent) => Array.from({ length: 4_097 }, () => sent.write('x'))],
  ])('%s is refused before its end', async (name, send, length) => {
    const sent = request(length)
    const text = readBody(sent, name.includes('pieces') ? 1e6 : 10, () => undefined)
    send(sent)
    await expect(text).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE', details: { headers: { connection: 'close' } } })
  })

  test('is refused for what its keeper says, and the rest is read past', async () => {
    const sent = request()
    const text = readBody(sent, 10, () => {
      throw new CallError('OVERLOADED', 'full')
    })
    sent.write('x')
    await expect(text).rejects.toMatchObject({ code: 'OVERLOADED' })
    const ended = new Promise((resolve) => sent.once('end', resolve))
    sent.end('y'.repeat(100_000))
    await ended
  })

  test('is no message when it breaks off', async () => {
    const sent = request()
    const text = readBody(sent, 10, () => undefined)
    sent.write('{')
    sent.destroy()
    await expect(text).rejects.toMatchObject({ code: 'PARSE_ERROR' })
  })
})

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
