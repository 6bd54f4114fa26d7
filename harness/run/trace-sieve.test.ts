import { expect, test } from 'vitest'
import { isKept } from '../history/spans.ts'
import { TraceSieve } from './trace-sieve.ts'

const trace = (n: number) => (Math.imul(n, 0x9e3779b1) >>> 0).toString(16).padStart(32, '0')
const ROOM_BYTES = 100_000

/** Traces of three spans, 100 bytes each: how many spans of each were kept. */
function sift(traces: number) {
  const sieve = new TraceSieve(ROOM_BYTES)
  const kept = Array.from({ length: traces }, (_, n) => [1, 2, 3].filter(() => sieve.keeps({ trace: trace(n) }, 100)).length)
  return { oneIn: sieve.oneIn, kept, usedBytes: kept.reduce((sum, spans) => sum + spans * 100, 0) }
}

test('everything is kept while half of the room lasts', () => {
  expect(sift(166)).toEqual({ oneIn: 1, kept: Array(166).fill(3), usedBytes: 49_800 })
  expect(sift(170).oneIn).toBe(2)
})

test('of ever more traces ever fewer are kept, whole ones, of the whole time, and there is room left', () => {
  const { oneIn, kept, usedBytes } = sift(6_000)
  expect(usedBytes).toBeLessThan(ROOM_BYTES)
  const meant = kept.flatMap((spans, n) => (isKept(trace(n), oneIn) ? [{ n, spans }] : []))
  expect(meant.every(({ spans }) => spans === 3)).toBe(true)
  expect(meant.length).toBeGreaterThan(5)
  const late = meant.filter(({ n }) => n > 3_000).length
  expect(late / meant.length).toBeCloseTo(0.5, 1)
})
