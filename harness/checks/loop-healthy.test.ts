import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { loopHealthy } from './loop-healthy.ts'

/** Delay of the loop every half second: so long under stress, so long before. */
function looped({ stressMs = 20, steadyMs = 10, busy = 0.4, once = false } = {}) {
  const story = aRun()
    .agent('a')
    .calls({ of: 'a', fromMs: 9_900, toMs: 18_000, everyMs: 400, answer: served(300) })
  for (let n = 0; n < 54; n++) {
    const atMs = n * 500
    const stressed = atMs >= 10_000 && atMs < 18_000
    const delayMs = stressed && (!once || n === 25) ? stressMs : steadyMs
    story.sample('prometheus', atMs, { loopDelaySecondsP99: delayMs / 1_000, loopBusyShare: stressed ? busy : 0.1 })
  }
  return story
}

describe('loop-healthy', () => {
  test('holds while the delay is short', () => {
    expect(find(loopHealthy, looped())).toMatchObject({ status: 'pass', measured: 20, samples: 16 })
  })

  test('fails when it is blocked, with the calls of the worst moment', () => {
    const found = find(loopHealthy, looped({ stressMs: 450 }))
    expect(found).toMatchObject({ status: 'fail', measured: 450, limit: 100 })
    expect(found.witnesses?.length).toBeGreaterThan(0)
  })

  test('fails when it is never idle', () => {
    expect(find(loopHealthy, looped({ busy: 0.97 }))).toMatchObject({ status: 'fail', measured: 0.97, unit: 'of the time' })
  })

  test('cannot tell when it was busy all the time and got little of a core', () => {
    const onShareOf = (cpuShare: number) => {
      const story = looped({ busy: 1, stressMs: 300 })
      for (let atMs = 9_000; atMs < 19_000; atMs += 500) story.sample('process', atMs, { cpuShare })
      return find(loopHealthy, story)
    }
    expect(onShareOf(0.3)).toMatchObject({ status: 'unknown', says: expect.stringContaining('given 30 % of a core') })
    expect(onShareOf(0.9).status).toBe('fail')
  })

  test('a stall now and then is the machine’s', () => {
    expect(find(loopHealthy, looped({ stressMs: 450, once: true })).status).toBe('pass')
  })

  test('fails when it is blocked for seconds now and then: nobody reads anything meanwhile', () => {
    const blocked = (times: number) => {
      const story = looped()
      for (let n = 0; n < times; n++) {
        const fromMs = 10_000 + n * 2_500
        story.samples.splice(
          0,
          story.samples.length,
          ...story.samples.filter(({ atMs }) => atMs - T0_MS <= fromMs || atMs - T0_MS > fromMs + 1_200),
        )
        story.sample('prometheus', fromMs + 1_200, { loopDelaySecondsP99: 1.2, loopBusyShare: 0.9 })
      }
      for (let atMs = 10_000; atMs < 18_000; atMs += 50)
        if ((atMs - 10_000) % 2_500 > 1_200) story.sample('prometheus', atMs, { loopDelaySecondsP99: 0.02, loopBusyShare: 0.4 })
      story.samples.sort((a, b) => a.atMs - b.atMs)
      return find(loopHealthy, story)
    }
    expect(blocked(3)).toMatchObject({ status: 'fail', measured: 1_200 })
    expect(blocked(1).status).toBe('pass')
  })

  test('fails when it is blocked for two seconds again and again: few readings are told, and each tells of it', () => {
    const between = (blockedMs: number, times: number) => {
      const story = looped()
      const outside = story.samples.filter(({ atMs }) => atMs - T0_MS < 10_000 || atMs - T0_MS >= 18_000)
      story.samples.splice(0, story.samples.length, ...outside)
      for (let n = 1; n <= times; n++)
        story.sample('prometheus', 10_000 + n * blockedMs - 50, { loopDelaySecondsP99: blockedMs / 1_000, loopBusyShare: 0.9 })
      return find(loopHealthy, story)
    }
    expect(between(2_000, 4)).toMatchObject({ status: 'fail', measured: 2_000, samples: 4 })
    expect(between(4_000, 2).status).toBe('unknown')
  })

  test('cannot tell where delays are short and readings were waited for: Node’s own histogram forgets what its reading waited for', () => {
    const waiting = (stressMs: number, steadyMs = 4) => {
      const story = looped()
      for (const [n, { atMs, values }] of story.samples.entries()) {
        const stressed = atMs - T0_MS >= 10_000 && atMs - T0_MS < 18_000
        values.metricsMs = stressed && n % 4 === 0 ? stressMs : steadyMs
      }
      return find(loopHealthy, story)
    }
    expect(waiting(400)).toMatchObject({ status: 'unknown', says: expect.stringContaining('may not tell what it waited for') })
    expect(waiting(60).status).toBe('pass')
    expect(waiting(400, 90).status).toBe('pass')
  })

  test('cannot tell on a machine that stalls by itself, unless it was watched and kept its cores; nor from a few readings', () => {
    expect(find(loopHealthy, looped({ stressMs: 150, steadyMs: 80 })).status).toBe('unknown')
    const watched = looped({ stressMs: 450, steadyMs: 400 }).sample('machine', 5_000, { stolenShare: 0, waitingShare: 0.1 })
    expect(find(loopHealthy, watched).status).toBe('fail')
    const held = watched.sample('machine', 6_000, { stillMs: 300, stolenMs: 300 })
    expect(find(loopHealthy, held).status).toBe('unknown')
    const few = looped({ stressMs: 450 })
    few.samples.splice(4)
    expect(find(loopHealthy, few).status).toBe('unknown')
  })

  test('is not judged when the loop cannot be seen', () => {
    const line = 'observe.metrics.loopDelaySecondsP99'
    expect(verdictOf(looped().hides(line, 'line'), 'loop-healthy')).toMatchObject({ status: 'not-judged', addLine: 'line' })
  })
})
