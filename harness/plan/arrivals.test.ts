import { describe, expect, test } from 'vitest'
import { askedDispersion, assertArrivals, dispersionOf, drawArrivals } from './arrivals.ts'
import { createDraw } from './draw.ts'
import type { Arrivals } from './plan.ts'

/** The phases of a full-scale run. */
const span = { fromMs: 0, toMs: 195_000 }
const seeds = Array.from({ length: 40 }, (_, n) => n + 1)

describe.each<[string, Arrivals, number]>([
  ['poisson', { kind: 'poisson' }, 20],
  ['bursts', { kind: 'bursts', dispersion: 8 }, 20],
  ['short bursts', { kind: 'bursts', dispersion: 5, burstMs: 300, burstShare: 0.1 }, 30],
  ['heavy bursts', { kind: 'bursts', dispersion: 40, burstMs: 5_000 }, 60],
  ['heavy-tailed', { kind: 'heavy-tailed', dispersion: 4 }, 20],
  ['salvos', { kind: 'salvos', size: 50 }, 10],
])('%s', (_name, arrivals, ratePerSecond) => {
  test('the measured index of dispersion is within a fifth of what was asked, and the rate is kept', () => {
    const asked = askedDispersion(arrivals, ratePerSecond) ?? Number.NaN
    for (const seed of seeds) {
      const moments = drawArrivals(arrivals, span, ratePerSecond, createDraw(seed))
      expect(Math.abs(dispersionOf(moments, [span]) / asked - 1), `seed ${seed}`).toBeLessThan(0.2)
      expect(Math.abs(moments.length / 195 / ratePerSecond - 1), `seed ${seed}`).toBeLessThan(0.2)
    }
  })

  test('moments are whole, ascending, inside the span, and the seed’s own', () => {
    const moments = drawArrivals(arrivals, { fromMs: 5_000, toMs: 35_000 }, ratePerSecond, createDraw(1))
    expect(moments).toEqual(moments.toSorted((a, b) => a - b))
    expect(moments.every((at) => Number.isInteger(at) && at >= 5_000 && at < 35_000)).toBe(true)
    expect(drawArrivals(arrivals, { fromMs: 5_000, toMs: 35_000 }, ratePerSecond, createDraw(1))).toEqual(moments)
    expect(drawArrivals(arrivals, { fromMs: 5_000, toMs: 35_000 }, ratePerSecond, createDraw(2))).not.toEqual(moments)
  })
})

test('a recorded list is played back from the start of the span', () => {
  const recorded: Arrivals = { kind: 'recorded', atMs: [0, 10, 10, 900] }
  expect(drawArrivals(recorded, { fromMs: 100, toMs: 1_000 }, 1, createDraw(1))).toEqual([100, 110, 110])
  expect(askedDispersion(recorded, 1)).toBeUndefined()
})

test('dispersion by hand: a clockwork has none, four at once in every other second', () => {
  const twoSeconds = { fromMs: 0, toMs: 2_000 }
  expect(dispersionOf([0, 500, 1_000, 1_500], [twoSeconds])).toBe(0)
  expect(dispersionOf([0, 0, 0, 0], [twoSeconds])).toBe(2)
  expect(
    dispersionOf(
      [0, 0, 0, 0],
      [
        { fromMs: 0, toMs: 1_000 },
        { fromMs: 9_000, toMs: 10_000 },
      ],
    ),
  ).toBe(2)
})

test.each<[Arrivals, RegExp]>([
  [{ kind: 'bursts', dispersion: 4, burstMs: 0.4 }, /bursts of 0\.4 ms are under the clock's resolution/],
  [{ kind: 'bursts', dispersion: 4, burstShare: 1 }, /burstShare of 1/],
  [{ kind: 'bursts', dispersion: 400 }, /dispersion of 400 cannot be had with 10 tasks a second/],
  [{ kind: 'bursts', dispersion: 0.5 }, /dispersion of 0\.5/],
  [{ kind: 'heavy-tailed', dispersion: 0 }, /dispersion of 0/],
  [{ kind: 'salvos', size: 0 }, /salvos of 0/],
  [{ kind: 'recorded', atMs: [] }, /empty/],
  [{ kind: 'recorded', atMs: [5, 3] }, /3 out of order/],
  [{ kind: 'recorded', atMs: [-1] }, /-1 out of order/],
])('%j is refused', (arrivals, message) => {
  expect(() => assertArrivals(arrivals, 10)).toThrow(
    expect.objectContaining({ code: 'ARRIVALS_INVALID', message: expect.stringMatching(message) }),
  )
})
