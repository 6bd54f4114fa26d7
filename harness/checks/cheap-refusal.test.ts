import { describe, expect, test } from 'vitest'
import { refused, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { cheapRefusal } from './cheap-refusal.ts'

/** 25 answered calls a second throughout, 50 refusals a second under stress; the server uses this much of a core. */
function flooded({ refusalMs = 3, calm = 0.1, busy = 0.15 } = {}) {
  const story = aRun().agent('a').agent('runaway', { hostile: true })
  story.calls({ of: 'a', fromMs: 2_000, toMs: 26_000, everyMs: 40, answer: served() })
  story.calls({ of: 'runaway', fromMs: 10_000, toMs: 18_000, everyMs: 20, answer: { ...refused(), afterMs: refusalMs } })
  for (let atMs = 0; atMs < 27_000; atMs += 500) story.sample('process', atMs, { cpuShare: atMs > 10_000 && atMs <= 18_000 ? busy : calm })
  return story
}

describe('cheap-refusal', () => {
  test('holds: 25 calls cost 100 ms a second, 50 refusals 50 ms more', () => {
    const found = find(cheapRefusal, flooded())
    expect(found).toMatchObject({ status: 'pass', unit: 'ms', samples: 400 })
    expect(found.measured).toBeCloseTo(3, 5)
    expect(found.says).toMatch(/costs 2[45](\.\d)? % of an answered call.* of 4 ms\)/)
  })

  test('fails when a refusal costs as much as an answer', () => {
    expect(find(cheapRefusal, flooded({ busy: 0.3 }))).toMatchObject({ status: 'fail', unit: 'of an answered call' })
  })

  test('beside an answer that costs next to nothing, a refusal may cost as much', () => {
    // 0.8 ms an answer, 0.8 ms a refusal.
    expect(find(cheapRefusal, flooded({ calm: 0.02, busy: 0.06 })).status).toBe('pass')
    expect(find(cheapRefusal, flooded({ calm: 0.02, busy: 0.06 }), { cpuFloorMs: 0 }).status).toBe('fail')
  })

  test('cannot tell from CPU that other tools may have used, which were let in under stress alone', () => {
    const story = flooded({ busy: 0.3 })
    for (let atMs = 10_000; atMs < 18_000; atMs += 80) story.call({ of: 'runaway', role: 'expensiveRead', atMs, answer: served() })
    expect(find(cheapRefusal, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('other tools') })
    story.calls({ of: 'a', role: 'expensiveRead', fromMs: 2_000, toMs: 10_000, everyMs: 80, answer: served() })
    expect(find(cheapRefusal, story).status).toBe('fail')
  })

  test('a 401 or 403 is a refusal too; what was slow while the server warmed up is not looked at', () => {
    const denied = { afterMs: 400, evidence: { ...refused().evidence, status: 401 } }
    const cold = flooded()
    for (let atMs = 100; atMs < 1_900; atMs += 20) cold.call({ of: 'a', atMs, answer: denied })
    expect(find(cheapRefusal, cold)).toMatchObject({ status: 'pass', samples: 400 })
    const slow = flooded()
    for (let atMs = 10_000; atMs < 18_000; atMs += 80) slow.call({ of: 'a', atMs, answer: denied })
    expect(find(cheapRefusal, slow)).toMatchObject({ status: 'fail', measured: 400, samples: 500 })
    const sought = flooded()
    for (let atMs = 10_000; atMs < 18_000; atMs += 80) sought.call({ of: 'a', atMs, answer: denied, credential: 'unknown-key' })
    expect(find(cheapRefusal, sought)).toMatchObject({ status: 'pass', samples: 400 })
  })

  test('what was shed at the door is a refusal too, who was turned away in a queue is none', () => {
    const turnedAway = (code: string) => {
      const story = aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 40, answer: served() })
      return find(cheapRefusal, story.calls({ of: 'a', fromMs: 10_000, toMs: 18_000, everyMs: 20, answer: toolError(code, 400) }))
    }
    expect(turnedAway('OVERLOADED')).toMatchObject({ status: 'fail', measured: 400, samples: 400 })
    expect(turnedAway('QUEUE_FULL')).toMatchObject({ notExercised: true })
  })

  test('a server that is far away is not a slow one', () => {
    const far = (refusalMs: number) => {
      const story = flooded({ refusalMs, busy: 0.12 })
      story.manifest.url = 'https://mcp.example.org/v1/mcp'
      for (const line of story.load) if (line.kind === 'end' && line.status === 200) line.endedAtMs += 80
      return story
    }
    expect(find(cheapRefusal, far(110))).toMatchObject({ status: 'pass', limit: 150 })
    expect(find(cheapRefusal, far(200)).status).toBe('fail')
  })

  test('fails when refusals are slow, the slowest first', () => {
    const found = find(cheapRefusal, flooded({ refusalMs: 400 }))
    expect(found).toMatchObject({ status: 'fail', unit: 'ms', limit: 50 })
    expect(found.witnesses).toHaveLength(20)
  })

  test('cannot tell when it was one salvo that was slow', () => {
    const story = flooded({ busy: 0.11 })
    for (let atMs = 10_000; atMs < 12_000; atMs += 20) story.call({ of: 'runaway', atMs, answer: { ...refused(), afterMs: 80 } })
    const found = find(cheapRefusal, story)
    expect(found).toMatchObject({ status: 'unknown', measured: 80, limit: 50 })
    expect(found.says).toMatch(/took at most 80 ms \(within 50 ms came \d\d(\.\d)? % to 100 %\)/)
  })

  test('the tail of a salvo may take twice as long; beyond that nobody knows whose it is', () => {
    const tailed = (refusalMs: number) => {
      const story = flooded({ busy: 0.11 })
      for (let atMs = 10_000; atMs < 18_000; atMs += 400) story.call({ of: 'runaway', atMs, answer: { ...refused(), afterMs: refusalMs } })
      return find(cheapRefusal, story)
    }
    expect(tailed(90)).toMatchObject({ status: 'pass', limit: 50, says: expect.stringContaining('p99 is 90 ms') })
    expect(tailed(300)).toMatchObject({ status: 'unknown', measured: 300, limit: 100 })
  })

  test('cannot tell when the interval lies across the limit', () => {
    const story = flooded({ busy: 0.15 })
    story.samples.forEach((line, n) => {
      if (line.values.cpuShare === 0.15) line.values.cpuShare = (n + 1) % 4 < 2 ? 0.12 : 0.2
    })
    expect(find(cheapRefusal, story, { cpuShare: 0.3 }).status).toBe('unknown')
  })

  test('without samples of its CPU only the time counts; without refusals nothing does', () => {
    const story = flooded()
    story.samples.length = 0
    expect(find(cheapRefusal, story)).toMatchObject({ status: 'pass', says: 'nine in ten of 400 refusals took at most 3 ms, p99 is 3 ms' })
    expect(find(cheapRefusal, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: refused() }))).toMatchObject({ notExercised: true })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(flooded().hides('responses', 'x'), 'cheap-refusal').status).toBe('not-judged')
  })
})
