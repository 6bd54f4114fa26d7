import { describe, expect, test } from 'vitest'
import { Units } from '../discover.ts'
import { type FaultDefinition, type FaultEntry, fault, type Timing } from '../faults/fault.ts'
import { milliseconds } from '../parameters.ts'
import type { WindowEntry } from '../scenario.ts'
import { createDraw } from './draw.ts'
import { layPhases, planFaults } from './phases.ts'

const made = (dependency: string) =>
  fault({
    summary: 'a fault',
    source: 'this test',
    dependency,
    needs: [],
    faithful: 'not at all',
    parameters: { delayMs: milliseconds(100, { from: 0, to: 1_000 }) },
    grows: ['delayMs'],
    inject: () => Promise.reject(new Error('planned only')),
  })
const [slow, lost, other] = [made('postgres'), made('postgres'), made('redis')]
const units = new Units<FaultDefinition>(
  'fault',
  Object.entries({ slow, lost, other }).map(([id, { definition }]) => ({
    id,
    path: id,
    exportName: id,
    value: definition as unknown as FaultDefinition,
  })),
)
const lengths = { warmUpS: 1, steadyS: 1, stressS: 10, recoveryS: 5 }
const plan = (windows: WindowEntry[], seed = 1) => planFaults(windows, layPhases(lengths, windows, 'quick'), units, createDraw(seed))
const one = (entry: FaultEntry, seed?: number) => plan([{ id: 'w', faults: [entry] }], seed)
const timed = (timing: Timing, seed?: number) => one(slow({}, timing), seed)

describe('the timing of a fault', () => {
  test('is the whole stress, or the part of it that it says', () => {
    expect(one(slow())).toEqual([{ window: 'w', fault: 'slow', parameters: { delayMs: 100 }, injectAtMs: 2_000, healAtMs: 12_000 }])
    expect(timed({ from: 0.25, to: 0.5 })).toMatchObject([{ injectAtMs: 4_500, healAtMs: 7_000 }])
  })

  test('flaps at drawn moments: on first and last, in order, the same from the same seed', () => {
    const turns = timed({ flaps: 4 }, 7)
    expect(turns.map(({ turn }) => turn)).toEqual([1, 2, 3, 4])
    const edges = turns.flatMap(({ injectAtMs, healAtMs }) => [injectAtMs, healAtMs])
    expect(edges).toEqual(edges.toSorted((a, b) => a - b))
    expect([edges[0], edges.at(-1)]).toEqual([2_000, 12_000])
    expect(timed({ flaps: 4 }, 7)).toEqual(turns)
    expect(timed({ flaps: 4 }, 8)).not.toEqual(turns)
  })

  test('grows in equal steps', () => {
    const [growing] = timed({ ramp: { to: { delayMs: 500 }, steps: 4 } })
    expect(growing?.steps).toEqual([
      { atMs: 4_000, parameters: { delayMs: 200 } },
      { atMs: 6_000, parameters: { delayMs: 300 } },
      { atMs: 8_000, parameters: { delayMs: 400 } },
      { atMs: 10_000, parameters: { delayMs: 500 } },
    ])
  })

  test.each([
    [{ from: 0.5, to: 0.5 }, 'from 0.5 to 0.5'],
    [{ to: 2 }, 'to 2'],
    [{ flaps: 0 }, 'flaps is 0'],
    [{ flaps: 40 }, 'once for only'],
    [{ flaps: 2, ramp: { to: { delayMs: 200 }, steps: 2 } }, 'both flaps and grows'],
    [{ ramp: { to: { size: 200 }, steps: 2 } }, 'cannot grow by size'],
    [{ ramp: { to: { delayMs: 200 }, steps: 0 } }, 'grows in 0 steps'],
  ] satisfies [Timing, string][])('is refused: %j', (timing, why) => {
    expect(() => timed(timing)).toThrow(expect.objectContaining({ code: 'SCENARIO_INVALID', message: expect.stringContaining(why) }))
  })

  test('cannot grow beyond what the parameter may be', () => {
    const timing = { ramp: { to: { delayMs: 5_000 }, steps: 2 } }
    expect(() => timed(timing)).toThrow(expect.objectContaining({ code: 'PARAMETER_INVALID' }))
  })
})

describe('faults in one window', () => {
  test('that break the same thing are refused unless they are meant to combine', () => {
    const faults = [slow(), lost()]
    expect(() => plan([{ id: 'w', faults }])).toThrow(
      expect.objectContaining({
        code: 'SCENARIO_INVALID',
        message: expect.stringMatching(/postgres by two faults at once: slow and lost/),
      }),
    )
    expect(plan([{ id: 'w', faults, combine: true }])).toHaveLength(2)
  })

  test('that break different things need no word, nor the same one in two windows', () => {
    expect(plan([{ id: 'w', faults: [slow(), other()] }])).toHaveLength(2)
    const windows = ['a', 'b'].map((id) => ({ id, faults: [slow()] }))
    expect(plan(windows).map(({ window, turn }) => [window, turn])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ])
  })

  test('that are the same one twice are told apart by their turn', () => {
    const planned = plan([{ id: 'w', faults: [slow({ delayMs: 1 }), slow({ delayMs: 2 })], combine: true }])
    expect(planned.map(({ turn, parameters }) => [turn, parameters.delayMs])).toEqual([
      [1, 1],
      [2, 2],
    ])
  })
})
