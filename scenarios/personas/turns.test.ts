import { expect, test } from 'vitest'
import { createDraw } from '../../harness/plan/draw.ts'
import { sketchTurns } from './turns.ts'

const span = { fromMs: 0, toMs: 600_000 }
const shape = { turnsFrom: 5, turnsTo: 12, fanOutShare: 0.1, fanOutFrom: 3, fanOutTo: 10, thinkMs: 1_700 }
const tasks = (changes = {}) => Array.from({ length: 300 }, (_, n) => sketchTurns(createDraw(n), 0, span, { ...shape, ...changes }))

test('turns lie within their range, and a tenth of them fans out', () => {
  const turns = tasks().map((calls) => Map.groupBy(calls, ({ turn }) => turn))
  expect(new Set(turns.map(({ size }) => size))).toEqual(new Set([5, 6, 7, 8, 9, 10, 11, 12]))
  const sizes = turns.flatMap((one) => [...one.values()].map((calls) => calls.length))
  const several = sizes.filter((size) => size > 1)
  expect(several.length / sizes.length).toBeCloseTo(0.1, 1)
  expect([Math.min(...several), Math.max(...several)]).toEqual([3, 10])
})

test('pauses have their median; the first turn has none', () => {
  const calls = tasks({ fanOutShare: 0 }).flat()
  expect(calls.filter(({ turn }) => turn === 1).every(({ thinkMs }) => thinkMs === 0)).toBe(true)
  const pauses = calls.filter(({ turn }) => turn > 1).map(({ thinkMs }) => thinkMs)
  const sorted = pauses.sort((a, b) => a - b)
  expect((sorted[sorted.length >> 1] ?? 0) / 1_700).toBeCloseTo(1, 1)
})

test('turns that could not begin before the end are left out', () => {
  expect(sketchTurns(createDraw(1), 599_000, span, { ...shape, thinkMs: 5_000 }).length).toBeLessThan(12)
})
