import { expect, test } from 'vitest'
import { createInvoice } from '../tools/create-invoice.ts'
import { runQuery } from '../tools/run-query.ts'
import { capped } from './output-cap.ts'

const rows = (count: number) => ({
  structured: { rows: Array.from({ length: count }, (_, id) => ({ id, text: 'é'.repeat(20) })), truncated: false },
})

test('what fits is left alone', () => {
  const result = rows(3)
  expect(capped(runQuery, result, 1_000)).toBe(result)
})

test('a list is cut to what fits in bytes, and says so', () => {
  const { structured } = capped(runQuery, rows(100), 1_000)
  expect(structured.truncated).toBe(true)
  const bytes = Buffer.byteLength(JSON.stringify(structured))
  expect(bytes).toBeLessThanOrEqual(1_000)
  expect(bytes).toBeGreaterThan(900)
})

test('what cannot be cut is refused', () => {
  expect(() => capped(runQuery, { structured: { rows: ['x'.repeat(2_000)], truncated: false } }, 1_000)).toThrow('larger than 1000 bytes')
  expect(() => capped({ ...runQuery, list: 'nothing' }, rows(100), 1_000)).toThrow('larger than')
})

test('a write is never failed for its echo', () => {
  const result = { structured: { memo: 'x'.repeat(5_000) } }
  expect(capped(createInvoice, result, 1_000)).toBe(result)
})

test('room is left for the cursor that comes after the cut', () => {
  const next = async () => 'c'.repeat(24)
  const { structured } = capped(runQuery, { ...rows(100), next }, 1_000)
  expect(Buffer.byteLength(JSON.stringify({ ...structured, cursor: 'c'.repeat(24) }))).toBeLessThanOrEqual(1_000)
  const just = rows(3)
  const bytes = Buffer.byteLength(JSON.stringify(just.structured))
  expect(capped(runQuery, just, bytes)).toBe(just)
  expect(capped(runQuery, { ...just, next }, bytes).structured.truncated).toBe(true)
})
