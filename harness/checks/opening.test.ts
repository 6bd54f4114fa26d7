import { expect, test } from 'vitest'
import { opening } from './opening.ts'

const beat = (fromMs: number, toMs: number, everyMs: number) =>
  Array.from({ length: Math.ceil((toMs - fromMs) / everyMs) }, (_, i) => fromMs + i * everyMs)
const askedAt = (moments: number[]) => moments.map((sentAtMs) => ({ sentAtMs }))

/** Twenty calls a second for eight seconds, an open time of 2 s, one probe and one to spare. */
const outage = { fromMs: 0, toMs: 8_000, intervalMs: 2_000, allowed: 2, asked: askedAt(beat(0, 8_000, 50)) }

test('opened where the many attempts ended; the last few of them may count as probes', () => {
  const openedAtMs = opening([...beat(0, 1_000, 50), 3_000, 5_000, 7_000], outage)
  expect(openedAtMs).toBeGreaterThanOrEqual(700)
  expect(openedAtMs).toBeLessThan(1_000)
})

test('never opened when attempts go on to the end', () => {
  expect(opening(beat(0, 8_000, 50), outage)).toBeGreaterThan(7_500)
})

test('was open at once when nobody knocked', () => {
  expect(opening([], outage)).toBe(0)
})

test('health checks that knock once a second do not hide an open breaker', () => {
  expect(opening([...beat(0, 500, 50), ...beat(1_000, 8_000, 667)], outage)).toBeLessThan(1_000)
})

test('ten probes after five seconds are few of a hundred calls, though the outage is over soon after', () => {
  const asked = { ...outage, intervalMs: 5_000 }
  expect(opening([...beat(0, 1_000, 50), ...beat(6_200, 6_450, 25)], asked)).toBeLessThan(1_000)
  expect(opening([...beat(0, 1_000, 50), ...beat(6_200, 6_450, 20)], asked)).toBeGreaterThan(6_000)
})

test('a dozen probes an interval are no open breaker', () => {
  const floods = [2_000, 4_000, 6_000].flatMap((atMs) => beat(atMs, atMs + 120, 10))
  expect(opening([...beat(0, 500, 50), ...floods], outage)).toBeGreaterThan(6_000)
})
