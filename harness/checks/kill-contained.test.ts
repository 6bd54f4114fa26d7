import { describe, expect, test } from 'vitest'
import { closedUnread, gaveUp, refused, reset, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import type { Evidence } from '../history/load-line.ts'
import { killContained } from './kill-contained.ts'

/** Twenty calls a second; one instance dies at 10 s and every third call is lost until `untilMs`. */
function killed(untilMs: number) {
  const story = aRun().agent('a').fault('server-killed', { on: 'server' })
  let n = 0
  for (let atMs = 2_000; atMs < 26_000; atMs += 50) {
    const lost = atMs >= 10_000 && atMs < untilMs && n++ % 3 === 0
    story.call({ of: 'a', atMs, answer: lost ? reset(5) : served() })
  }
  return story
}

describe('kill-contained', () => {
  test('holds when calls are lost for a moment only', () => {
    expect(find(killContained, killed(10_400))).toMatchObject({ status: 'pass', measured: 1_000 })
  })

  test('fails when it takes too long, with the calls', () => {
    const found = find(killContained, killed(18_000))
    expect(found).toMatchObject({ status: 'fail', limit: 5_000, unit: 'ms' })
    expect(found.witnesses).toHaveLength(20)
  })

  test('fails when it is well at first and dips later', () => {
    const story = killed(10_000)
    for (let atMs = 13_005; atMs < 17_000; atMs += 50) story.call({ of: 'a', atMs, answer: unavailable() })
    expect(find(killContained, story)).toMatchObject({ status: 'fail', measured: 7_000 })
  })

  test('fails when single calls are lost long after the kill', () => {
    const story = killed(10_400).call({ of: 'a', atMs: 14_010, answer: reset(5) })
    expect(find(killContained, story)).toMatchObject({ status: 'fail', measured: 1, limit: 0 })
  })

  test('a server that loses a call now and then on a quiet day too has not lost it to the kill', () => {
    const usually = (...later: number[]) => {
      const story = killed(10_400)
      for (const atMs of [4_010, 6_010, ...later]) story.call({ of: 'a', atMs, answer: reset(5) })
      return find(killContained, story)
    }
    expect(usually(14_010).status).toBe('pass')
    expect(find(killContained, killed(10_400).call({ of: 'a', atMs: 14_010, answer: closedUnread() })).status).toBe('pass')
    expect(usually(...Array.from({ length: 12 }, (_, n) => 11_510 + n * 350))).toMatchObject({ status: 'fail', limit: 0 })
  })

  test('a caller that gives up early has lost nothing to the kill, a patient one has', () => {
    const impatient = killed(10_400).call({ of: 'a', atMs: 14_010, timeoutMs: 300, answer: gaveUp(300) })
    expect(find(killContained, impatient).status).toBe('pass')
    expect(find(killContained, killed(10_400).call({ of: 'a', atMs: 14_010, answer: gaveUp() })).status).toBe('fail')
  })

  /** Five calls a second, of which one now and then is bad by itself; those from `fromMs` until `untilMs` too. */
  const sparse = (fromMs: number, untilMs: number, everyMs = 200) => {
    const story = aRun().agent('a').fault('server-killed', { on: 'server' })
    for (let atMs = 2_000; atMs < 26_000; atMs += everyMs) {
      const bad = atMs === 5_000 || (atMs >= fromMs && atMs < untilMs)
      story.call({ of: 'a', atMs, answer: bad ? toolError('INTERNAL') : served() })
    }
    return find(killContained, story)
  }

  test('one bad call of five is chance, a whole second is none', () => {
    expect(sparse(16_200, 16_400)).toMatchObject({ status: 'pass', measured: 0 })
    // Two of two may be, four of four are none.
    expect(sparse(15_000, 18_000, 500)).toMatchObject({ status: 'fail', measured: 7_000 })
    expect(sparse(16_000, 17_000)).toMatchObject({ status: 'fail', measured: 7_000 })
  })

  test('what the server itself says under 504 is an answer, what a proxy says a loss', () => {
    const answered = (more: Partial<Evidence>) =>
      find(killContained, killed(10_400).call({ of: 'a', atMs: 14_010, answer: { afterMs: 90, evidence: { status: 504, ...more } } }))
    expect(answered({ parsed: true, rpcCode: 50_401, data: { code: 'TOOL_TIMEOUT' } }).status).toBe('pass')
    expect(answered({ parsed: false })).toMatchObject({ status: 'fail', measured: 1 })
    const envoy = {
      status: 503,
      parsed: false,
      message: 'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
    }
    expect(answered(envoy)).toMatchObject({ status: 'fail', measured: 1 })
    expect(answered({ ...envoy, message: 'Service Unavailable' }).status).toBe('pass')
  })

  test('asks nothing of agents that came with the stress but that their calls are not lost', () => {
    const joined = (fromMs: number) => {
      const story = killed(10_400).agent('b')
      return story.calls({ of: 'b', fromMs, toMs: 18_000, everyMs: 200, answer: refused() })
    }
    expect(find(killContained, joined(10_000))).toMatchObject({ status: 'pass', measured: 1_000 })
    expect(find(killContained, joined(9_000))).toMatchObject({ status: 'fail', unit: 'ms' })
    expect(find(killContained, joined(10_000).call({ of: 'b', atMs: 14_010, answer: reset(5) }))).toMatchObject({
      status: 'fail',
      measured: 1,
    })
  })

  test('cannot tell without a steady phase, has no weight without a kill', () => {
    const story = aRun().agent('a').fault('server-killed', { on: 'server' }).call({ of: 'a', atMs: 12_000, answer: served() })
    expect(find(killContained, story).status).toBe('unknown')
    expect(find(killContained, aRun())).toMatchObject({ notExercised: true })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(killed(10_400).hides('responses', 'x'), 'kill-contained').status).toBe('not-judged')
  })
})
