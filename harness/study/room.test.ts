import { describe, expect, test } from 'vitest'
import { createDraw } from '../plan/draw.ts'
import { leastRoom } from './room.ts'

describe('least room', () => {
  /** Share refused of `erlangs` offered to so many places that have no queue. */
  const lossOf = (erlangs: number, places: number): number => {
    let inverse = 1
    for (let n = 1; n <= places; n++) inverse = 1 + (inverse * n) / erlangs
    return 1 / inverse
  }

  test.each([2, 8, 20])('arrivals at random and a connection for each: Erlang’s loss formula, %d erlangs', (erlangs) => {
    const draw = createDraw(7)
    const exponential = (meanMs: number) => -meanMs * Math.log(1 - draw.unit())
    let atMs = 0
    const cameMs = Array.from({ length: 10_000 }, () => (atMs += exponential(100 / erlangs)))
    const heldMs = cameMs.map(() => exponential(100))
    let formula = 1
    while (lossOf(erlangs, formula) > 0.05) formula++
    const found = leastRoom({ cameMs, heldMs, besideMs: 0 }, 100, 0.95)
    expect(Math.abs(found - formula)).toBeLessThanOrEqual(1)
  })

  test('in step, each gone before the next comes: one; two that come together: two', () => {
    const cameMs = Array.from({ length: 100 }, (_, n) => n * 50)
    expect(leastRoom({ cameMs, heldMs: [40], besideMs: 5 }, 4, 0.95)).toBe(1)
    expect(leastRoom({ cameMs: cameMs.map((atMs, n) => atMs - (n % 2) * 50), heldMs: [40], besideMs: 5 }, 4, 0.95)).toBe(2)
  })

  test('who waits for a connection is inside: a pool of one needs room for the waiting', () => {
    const cameMs = Array.from({ length: 40 }, (_, n) => Math.floor(n / 4) * 200)
    expect(leastRoom({ cameMs, heldMs: [40], besideMs: 0 }, 4, 0.95)).toBe(4)
    expect(leastRoom({ cameMs, heldMs: [40], besideMs: 0 }, 1, 0.95)).toBe(4)
    expect(leastRoom({ cameMs, heldMs: [45], besideMs: 30 }, 1, 0.95)).toBe(5)
  })

  test('nobody came: one', () => {
    expect(leastRoom({ cameMs: [], heldMs: [], besideMs: 0 }, 4, 0.95)).toBe(1)
  })
})
