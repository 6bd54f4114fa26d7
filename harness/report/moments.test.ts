import { describe, expect, it } from 'vitest'
import { exampleHistory } from './example/history.ts'
import { momentsOf, stepMs } from './moments.ts'

describe('moments', () => {
  const history = exampleHistory({ starved: true })

  it('counts every call of the run once, by its fate', () => {
    const moments = momentsOf(history, 120)
    const sum = (of: (moment: (typeof moments)[number]) => number) => moments.reduce((total, moment) => total + of(moment), 0)
    expect(sum(({ offered }) => offered)).toBe(history.calls.length)
    expect(sum(({ good, late, refused, failed }) => good + late + refused + failed)).toBe(history.calls.length)
    expect(sum(({ refused }) => refused)).toBe(history.calls.filter((call) => call.class === 'refused').length)
  })

  it('puts a call into the moment in which it was sent', () => {
    const [call] = history.calls
    if (!call) throw new Error('the example has calls')
    const edge = { ...call, plannedAtMs: 1_990, sentAtMs: 2_000, endedAtMs: 2_050 }
    const moments = momentsOf({ ...history, calls: [edge] }, 120)
    expect(moments.map(({ offered }) => offered).slice(0, 4)).toEqual([0, 0, 1, 0])
    expect(moments[2]?.latencyMs).toEqual({ ok: [60, 60, 60] })
    expect(moments[1]?.latencyMs).toEqual({})
  })

  it.each([
    [27_000, 120, 1_000],
    [27_000, 20, 2_000],
    [300_000, 120, 5_000],
    [86_400_000, 120, 1_800_000],
  ])('cuts %d ms into at most %d', (endsAtMs, most, step) => {
    const long = { ...history, plan: { ...history.plan, endsAtMs } }
    expect(stepMs(long, most)).toBe(step)
    expect(momentsOf(long, most).length).toBeLessThanOrEqual(most)
  })
})
