import { describe, expect, test } from 'vitest'
import { type Answer, gaveUp, refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { costBudget } from './cost-budget.ts'

interface Costs {
  /** Share of a core before and under stress. */
  cpu?: [number, number]
  /** Bytes of log a second. */
  log?: [number, number]
  heapMb?: [number, number]
}

/** 25 answered calls a second, and as many refusals under stress. */
function stressed({ cpu = [0.1, 0.15], log = [12_500, 25_000], heapMb = [30, 40] }: Costs = {}, answer = refused()) {
  const story = aRun().agent('a').agent('runaway', { hostile: true })
  story.calls({ of: 'a', fromMs: 2_000, toMs: 18_000, everyMs: 40, answer: served() })
  story.calls({ of: 'runaway', fromMs: 10_000, toMs: 18_000, everyMs: 40, answer })
  let logBytes = 0
  for (let atMs = 0; atMs < 27_000; atMs += 500) {
    const now = atMs > 10_000 && atMs <= 18_000 ? 1 : 0
    logBytes += log[now] / 2
    story.sample('process', atMs, { cpuShare: cpu[now] })
    story.sample('log-size', atMs, { logBytes })
    story.sample('prometheus', atMs, { heapBytes: heapMb[now] * 1_000_000 })
  }
  return story
}

describe('cost-budget', () => {
  test('holds when 50 calls a second cost half as much again as 25 did', () => {
    const found = find(costBudget, stressed())
    expect(found).toMatchObject({ status: 'pass', limit: 2, samples: 600 })
    expect(found.says).toBe(
      'a call cost 3 ms of CPU under stress and 4 ms of CPU before; a call cost 500 bytes of log under stress and 500 bytes of log before; the heap held 40 MB under stress and 30 MB before',
    )
  })

  test('fails on the log of one call, by its size and against what it was', () => {
    expect(find(costBudget, stressed({ log: [12_500, 200_000] }))).toMatchObject({
      status: 'fail',
      limit: 3,
      unit: '× the log of a call before',
    })
    const large = find(costBudget, stressed({ log: [150_000, 600_000] }))
    expect(large).toMatchObject({ status: 'fail', limit: 10_000, unit: 'bytes of log a call' })
    expect(large.measured).toBeCloseTo(12_000, -2)
    expect(large.witnesses).toHaveLength(20)
    expect(large.says).toContain('allowed are 3 times that and 10 kB of log')
  })

  test('fails on CPU, and on a heap that has doubled by more than a little', () => {
    expect(find(costBudget, stressed({ cpu: [0.1, 0.9] }))).toMatchObject({ status: 'fail', unit: '× the CPU of a call before' })
    const collected = (heapMb: [number, number]) => {
      const story = stressed({ heapMb })
      story.plan.settings.heapCollectEveryMs = 1_000
      story.manifest.settings = { HEAP_COLLECT_EVERY_MS: '1000' }
      return find(costBudget, story)
    }
    expect(collected([30, 90])).toMatchObject({ status: 'fail', unit: '× the heap before', measured: 3 })
    expect(collected([4, 15]).status).toBe('pass')
  })

  test('a heap that nobody has collected may be larger by its garbage: by 64 MB, and by what came since it last fell', () => {
    expect(find(costBudget, stressed({ heapMb: [30, 90] }))).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('which may be garbage that nobody has collected yet'),
    })
    // As in a JVM, whose young generation is not collected within the stress.
    expect(find(costBudget, stressed({ heapMb: [30, 400] })).status).toBe('unknown')
    const sawing = stressed({ heapMb: [30, 400] })
    sawing.samples.forEach(({ values }, n) => {
      if (values.heapBytes !== undefined) values.heapBytes -= (n % 2) * 5_000_000
    })
    expect(find(costBudget, sawing).status).toBe('fail')
  })

  test('who gave up cost the server something too', () => {
    expect(find(costBudget, stressed({ cpu: [0.1, 0.3] }, gaveUp(400)))).toMatchObject({ status: 'pass', samples: 600 })
    expect(find(costBudget, stressed({ cpu: [0.1, 0.9] }, gaveUp(400))).status).toBe('fail')
  })

  test('what tools cost that nobody called before says nothing of a call; their log does', () => {
    const mixed = (costs: Costs) => {
      const story = stressed(costs)
      for (const send of story.sends.filter(({ agent }) => agent === 'runaway')) send.tool = 'build_report'
      return story
    }
    const dear = find(costBudget, mixed({ cpu: [0.1, 0.9] }))
    expect(dear).toMatchObject({ status: 'unknown', says: expect.stringContaining('many more calls were of other tools') })
    expect(find(costBudget, mixed({ cpu: [0.1, 0.15] })).status).toBe('pass')
    expect(find(costBudget, mixed({ log: [12_500, 200_000] })).status).toBe('fail')
  })

  test('a tool that many more call under stress costs what it costs; what a refusal of it costs counts', () => {
    const shifted = (answer: Answer) => {
      const story = stressed({ cpu: [0.1, 0.9] }, answer)
      for (const send of story.sends.filter(({ agent }) => agent === 'runaway')) send.tool = 'build_report'
      story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 500, answer: served() })
      for (const send of story.sends.slice(-16)) send.tool = 'build_report'
      return find(costBudget, story)
    }
    expect(shifted(served())).toMatchObject({ status: 'unknown', says: expect.stringContaining('many more calls were of other tools') })
    expect(shifted(refused())).toMatchObject({ status: 'fail', unit: '× the CPU of a call before' })
  })

  test('who logs only what failed may write a line of each failure, and no stack', () => {
    expect(find(costBudget, stressed({ log: [500, 12_500] })).status).toBe('pass')
    expect(find(costBudget, stressed({ log: [0, 12_500] })).status).toBe('pass')
    expect(find(costBudget, stressed({ log: [0, 200_000] }))).toMatchObject({
      status: 'fail',
      limit: 1_000,
      unit: 'bytes of log a call more than before',
    })
    expect(find(costBudget, stressed({ log: [500, 200_000] }))).toMatchObject({ status: 'fail', limit: 3 })
  })

  test('cannot tell when the interval lies across the limit, or when nothing was seen', () => {
    const story = stressed({ cpu: [0.1, 0.5] })
    for (const line of story.samples) if (line.values.cpuShare === 0.5) line.values.cpuShare = line.atMs % 4_000 < 2_000 ? 0.2 : 0.55
    expect(find(costBudget, story)).toMatchObject({ status: 'unknown', limit: 2 })
    const blind = stressed()
    blind.samples.length = 0
    expect(find(costBudget, blind).status).toBe('unknown')
  })

  test('says what was not seen', () => {
    const story = stressed()
    for (const line of story.samples) delete line.values.heapBytes
    expect(find(costBudget, story)).toMatchObject({ status: 'pass', says: expect.stringMatching(/; not seen: heap$/) })
  })

  test('is not judged when a target shows none of it', () => {
    expect(verdictOf(stressed().hides('cost', 'start: { … }'), 'cost-budget')).toMatchObject({
      status: 'not-judged',
      addLine: 'start: { … }',
    })
  })
})
