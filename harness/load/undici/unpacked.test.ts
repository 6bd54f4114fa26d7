import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { unpacked } from './unpacked.ts'

const body = Buffer.from('an answer')

test.each([
  ['gzip', gzipSync(body)],
  ['deflate', deflateSync(body)],
  ['br', brotliCompressSync(body)],
  ['zstd', zstdCompressSync(body)],
  ['deflate, GZIP', gzipSync(deflateSync(body))],
  ['identity', body],
  [undefined, body],
])('%s', (codings, packed) => {
  expect(unpacked(packed, codings).toString()).toBe('an answer')
})

test('it grows to its bound and no further', () => {
  const packed = gzipSync(Buffer.alloc(100_000))
  expect(unpacked(packed, 'gzip', 100_000)).toHaveLength(100_000)
  expect(() => unpacked(packed, 'gzip', 99_999)).toThrow()
})
