import { expect, test } from 'vitest'
import { createDraw, hash32 } from './draw.ts'

const many = <T>(times: number, one: () => T): T[] => Array.from({ length: times }, one)

test('the numbers of a seed are the same on every machine', () => {
  const draw = createDraw(42, 'golden')
  expect(many(3, () => draw.int(0, 999_999))).toEqual([355_087, 810_887, 801_809])
  expect([draw.word(), draw.exponential(1_000), draw.logNormal(1_700, 0.58)]).toEqual(['nufo', 2_752, 1_062])
  expect(hash32('stampede')).toBe(751_109_418)
})

test('forks are independent of each other and of what was drawn before', () => {
  const untouched = createDraw(1).fork('a')
  const draw = createDraw(1)
  many(100, () => draw.unit())
  const late = draw.fork('a')
  expect(many(5, () => late.unit())).toEqual(many(5, () => untouched.unit()))
  expect(createDraw(1).fork('b').unit()).not.toBe(createDraw(1).fork('a').unit())
})

test('numbers are within their bounds and evenly spread', () => {
  const draw = createDraw(7)
  const units = many(10_000, () => draw.unit())
  expect(Math.min(...units)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...units)).toBeLessThan(1)
  expect(units.reduce((sum, x) => sum + x, 0) / 10_000).toBeCloseTo(0.5, 1)
  const dice = new Set(many(1_000, () => draw.int(1, 6)))
  expect([...dice].sort()).toEqual([1, 2, 3, 4, 5, 6])
})

test('a Poisson process has its rate, a regular one its distance, both inside their span', () => {
  const span = { fromMs: 5_000, toMs: 105_000 }
  const poisson = createDraw(3).poisson(span, 20)
  expect(poisson.length).toBeGreaterThan(1_800)
  expect(poisson.length).toBeLessThan(2_200)
  const regular = createDraw(3).regular(span, 250)
  expect(regular).toHaveLength(400)
  for (const at of [...poisson, ...regular]) expect(at >= span.fromMs && at < span.toMs).toBe(true)
  for (const [position, at] of regular.entries()) expect(at - (regular[0] ?? 0)).toBe(position * 250)
})

test('a log-normal time has its median, and p90 at 2.1 times of it with a spread of 0.58', () => {
  const draw = createDraw(9)
  const times = many(10_000, () => draw.logNormal(1_700, 0.58)).sort((a, b) => a - b)
  expect((times[5_000] ?? 0) / 1_700).toBeCloseTo(1, 1)
  expect((times[9_000] ?? 0) / 1_700).toBeCloseTo(2.1, 0.7)
})
