import { describe, expect, test } from 'vitest'
import { served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { stillsOf, stillsSaid, withoutStills } from './stills.ts'

/** From 12 s to 12.4 s. */
function held(story: Story, values: Record<string, number> = { stillMs: 400, stolenMs: 700 }): Story {
  return story.sample('machine', 12_400, values)
}
/** Cores in use by programs outside the run, each half second. */
function others(story: Story, share: number): Story {
  for (let atMs = 11_000; atMs <= 14_000; atMs += 500)
    story.samples.push({ kind: 'sample', atMs: T0_MS + atMs, sampler: 'process', instance: 'others', values: { cpuShare: share } })
  return story
}

describe('the machine stood still', () => {
  test('when the host had the cores, or other programs all of them', () => {
    expect(stillsOf(held(aRun()).history())).toEqual([{ fromMs: 12_000, toMs: 12_400, by: 'the host' }])
    const busy = others(held(aRun(), { stillMs: 400, stolenMs: 0 }), 1.6)
    expect(stillsOf(busy.history())).toEqual([{ fromMs: 12_000, toMs: 12_400, by: 'other programs' }])
  })

  test.each<[string, Story]>([
    [
      'a thread that woke late while nobody else had the cores: the server itself did',
      others(held(aRun(), { stillMs: 400, stolenMs: 0 }), 0.3),
    ],
    ['a host that takes some all the time, and nobody waits for it', held(aRun(), { stolenShare: 0.2 })],
    ['a sleep that is a little long', held(aRun(), { stillMs: 30, stolenMs: 60 })],
    ['nobody looked', aRun()],
  ])('not: %s', (_what, story) => {
    expect(stillsOf(story.history())).toEqual([])
  })

  test('the generator’s machine excuses no server on another one', () => {
    const story = held(aRun())
    story.manifest.url = 'https://mcp.example.com/mcp'
    expect(stillsOf(story.history())).toEqual([])
  })

  test('is told in one line', () => {
    const once = stillsOf(held(aRun()).history())
    expect(stillsSaid([])).toBe('never')
    expect(stillsSaid(once)).toBe('for 0.4 s at 12 s (the host had its cores)')
    expect(stillsSaid([...once, { fromMs: 15_000, toMs: 15_100, by: 'other programs' }])).toBe(
      '2 times, 0.5 s in all, 0.4 s at 12 s (the host and other programs had its cores)',
    )
  })
})

describe('without it', () => {
  const without = (story: Story) => withoutStills(held(story).history())
  const one = () => aRun().agent('a')

  test('it is asked of a history once, and is that history where there was none', () => {
    const history = held(aRun()).history()
    expect(withoutStills(history)).toBe(withoutStills(history))
    const calm = aRun().history()
    expect(withoutStills(calm)).toBe(calm)
  })

  test('a call is as much shorter as it was held, and as long as before where it was not', () => {
    const story = one()
      .call({ of: 'a', atMs: 11_000, answer: served(3_000), serverMs: 2_900 })
      .call({ of: 'a', atMs: 14_000, answer: served(500) })
    const took = without(story).calls.map(({ sentAtMs, endedAtMs = 0, server }) => [endedAtMs - sentAtMs, server?.durationMs])
    // The still and as long again, to work off what has piled up.
    expect(took).toEqual([
      [2_200, 2_100],
      [500, undefined],
    ])
  })

  test('a call that failed in it is left out; one that failed beside it, or hung far longer, is not', () => {
    const story = one()
      .call({ of: 'a', atMs: 12_100, answer: toolError('INTERNAL', 500) })
      .call({ of: 'a', atMs: 11_700, answer: served(1_300) })
      .call({ of: 'a', atMs: 13_000, answer: toolError('INTERNAL') })
      .call({ of: 'a', atMs: 11_000, timeoutMs: 6_000 })
    expect(without(story).calls.map(({ plannedAtMs }) => plannedAtMs)).toEqual([11_000, 13_000])
  })

  test('readings that are durations are shorter, marks only as far as they rose in it, and counts stay', () => {
    const story = one()
    // Each tells of the time since the one before.
    for (const [atMs, waited] of [
      [11_900, 0.1],
      [12_500, 0.6],
      [13_900, 0.6],
      [16_000, 0.9],
    ] as const)
      story.sample('prometheus', atMs, { poolWaiting: 7, 'poolWaitSecondsMax{pool="cheap"}': waited, loopDelaySecondsP99: 0.3 })
    const { samples } = without(story)
    const of = (name: string) => samples.flatMap(({ sampler, values }) => (sampler === 'prometheus' ? [values[name]] : []))
    expect(of('poolWaiting')).toEqual([7, 7, 7, 7])
    expect(of('poolWaitSecondsMax{pool="cheap"}')).toEqual([0.1, 0.1, 0.1, 0.9])
    expect(of('loopDelaySecondsP99')).toEqual([0.3, 0, 0, 0.3])
  })
})
