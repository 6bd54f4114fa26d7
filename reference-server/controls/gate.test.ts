// Who goes first when there is too much: by signal, by step, in order, and back again.
import { describe, expect, test } from 'vitest'
import { standingClock } from '../fixtures/call.ts'
import { PRIORITIES, type Priority } from '../tiers.ts'
import { type Gate, ladderGate } from './gate.ts'

const settings = { OVERLOAD_LOOP_DELAY_MS: 100, OVERLOAD_QUEUE_WAIT_MS: 500, IN_FLIGHT_MAX: 10, IN_FLIGHT_BYTES_MAX: 1_000 }

function opened(more: Partial<typeof settings> = {}) {
  const clock = standingClock(10_000)
  const loop = { delayMs: 0, utilisation: 0.5 }
  const bytes = { inside: 0 }
  const line = { waiting: 0 }
  let drawn = 0
  // Every share is met exactly: 0.05, 0.15, … in turn.
  const random = (): number => ((drawn++ * 7) % 10) / 10 + 0.05
  const gate = ladderGate({
    settings: { ...settings, ...more },
    clock,
    random,
    loop: () => loop,
    bytesInside: () => bytes.inside,
    waiting: () => line.waiting,
  })
  // Somebody is inside all the time.
  gate.turnedAway('critical', undefined)
  return { clock, loop, bytes, line, gate, shares: () => shares(gate) }
}

/** Of ten calls of each priority, how many are let in. They leave at once. */
function shares(gate: Gate, pool: 'cheap' | 'expensive' = 'cheap'): Record<Priority, number> {
  const letIn = (priority: Priority): number =>
    Array.from({ length: 10 }).filter(() => {
      if (gate.turnedAway(priority, pool) !== undefined) return false
      gate.leave()
      return true
    }).length
  return { critical: letIn('critical'), normal: letIn('normal'), batch: letIn('batch') }
}

describe('a signal over its limit', () => {
  test.each([
    ['the loop late while busy', (on: ReturnType<typeof opened>) => Object.assign(on.loop, { delayMs: 150, utilisation: 0.99 }), true],
    ['the loop late while idle: the machine stood still', (on) => Object.assign(on.loop, { delayMs: 5_000, utilisation: 0.1 }), false],
    ['bodies held', (on) => Object.assign(on.bytes, { inside: 1_001 }), true],
    ['just below the limit', (on) => Object.assign(on.loop, { delayMs: 99, utilisation: 1 }), false],
  ] as [string, (on: ReturnType<typeof opened>) => unknown, boolean][])('%s', (_, set, sheds) => {
    const on = opened()
    on.shares()
    set(on)
    for (let i = 0; i < 2; i++) {
      on.clock.advance(250)
      on.shares()
    }
    expect(on.shares().batch < 10).toBe(sheds)
  })

  test('a wait in one pool turns away that pool only', () => {
    const { gate, clock } = opened()
    shares(gate, 'expensive')
    // The first look alone is a burst.
    for (let i = 0; i < 5; i++) {
      gate.waited('expensive', 700)
      clock.advance(250)
      shares(gate, 'expensive')
      shares(gate, 'cheap')
    }
    expect([shares(gate, 'expensive').batch, shares(gate, 'cheap').batch]).toEqual([0, 10])
  })
})

test('one late look is a pause, not a load', () => {
  const { clock, loop, shares } = opened()
  Object.assign(loop, { delayMs: 900, utilisation: 1 })
  clock.advance(250)
  expect(shares().batch).toBe(10)
  loop.delayMs = 0
  clock.advance(250)
  expect(shares().batch).toBe(10)
})

test('who finds nobody inside is let in', () => {
  const { clock, loop, gate, shares } = opened()
  Object.assign(loop, { delayMs: 900, utilisation: 1 })
  for (let i = 0; i < 20; i++) {
    clock.advance(250)
    shares()
  }
  expect(shares().batch).toBe(0)
  gate.leave()
  expect(gate.turnedAway('batch', 'cheap')).toBeUndefined()
})

test('a line that shrinks is being mended: the ladder stays where it is', () => {
  const { clock, gate, line, shares } = opened()
  line.waiting = 100
  for (let i = 0; i < 13; i++) {
    line.waiting += i < 5 ? 10 : -10
    gate.waited('cheap', 900)
    clock.advance(250)
    shares()
  }
  expect(shares()).toEqual({ critical: 10, normal: 10, batch: 0 })
})

describe('the order', () => {
  test('batch first, then normal, critical last and never wholly; and back the same way', () => {
    const { clock, loop, shares } = opened()
    const seen: Record<Priority, number>[] = [shares()]
    const go = (ticks: number): void => {
      for (let i = 0; i < ticks; i++) {
        clock.advance(250)
        seen.push(shares())
      }
    }
    Object.assign(loop, { delayMs: 150, utilisation: 1 })
    go(16)
    expect(seen.at(-1)).toEqual({ critical: 2, normal: 0, batch: 0 })
    loop.delayMs = 0
    go(20)
    expect(seen.at(-1)).toEqual({ critical: 10, normal: 10, batch: 10 })
    for (const { critical, normal, batch } of seen) {
      if (critical < 10) expect(batch).toBe(0)
      if (critical < 10) expect(normal).toBeLessThanOrEqual(1)
      if (normal < 10) expect(batch).toBeLessThanOrEqual(1)
    }
    expect(seen.some(({ batch, normal }) => batch > 0 && batch < 10 && normal === 10)).toBe(true)
  })

  test('a rung on which nobody stands costs no time', () => {
    const { clock, loop, gate } = opened({ IN_FLIGHT_MAX: 100 })
    Object.assign(loop, { delayMs: 150, utilisation: 1 })
    const normal = (): number => Array.from({ length: 10 }).filter(() => gate.turnedAway('normal', 'cheap') === undefined).length
    for (let i = 0; i < 2; i++) {
      expect(normal()).toBe(10)
      for (let i = 0; i < 10; i++) gate.leave()
      clock.advance(250)
    }
    expect(normal()).toBeLessThan(10)
  })

  test('the last fifth inside is kept for critical, batch gets three fifths', () => {
    const inside = (priority: Priority): number => {
      const { gate } = opened({ IN_FLIGHT_MAX: 20 })
      return Array.from({ length: 30 }).filter(() => gate.turnedAway(priority, 'cheap') === undefined).length
    }
    expect(PRIORITIES.map(inside)).toEqual([11, 15, 19])
  })

  test('within 100 ms of a critical call turned away no batch is let in, nor the reverse', () => {
    const { gate, clock } = opened()
    expect(gate.turnedAway('batch', 'cheap')).toBeUndefined()
    const critical = (): boolean => gate.turnedAway('critical', 'cheap') === undefined
    expect(Array.from({ length: 12 }).filter(critical)).toHaveLength(12)
    clock.advance(100)
    expect(critical()).toBe(false)
    for (let i = 0; i < 13; i++) gate.leave()
    clock.advance(99)
    expect(gate.turnedAway('batch', 'cheap')).toBeDefined()
    clock.advance(1)
    expect(gate.turnedAway('batch', 'cheap')).toBeUndefined()
  })
})

test('everybody is back within two seconds of a moment that is over', () => {
  const { clock, gate, shares } = opened()
  for (let i = 0; i < 9; i++) {
    gate.waited('cheap', 2_000)
    clock.advance(250)
    shares()
  }
  expect(shares()).toEqual({ critical: 10, normal: 0, batch: 0 })
  for (let i = 0; i < 8; i++) {
    clock.advance(250)
    shares()
  }
  expect(shares()).toEqual({ critical: 10, normal: 10, batch: 10 })
})
