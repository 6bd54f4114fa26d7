import { describe, expect, test } from 'vitest'
import { served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { retryAmplification } from './retry-amplification.ts'

/** `external` calls ten a second; each hits the upstream once (`usual` times), and `tries` times while it is broken. */
function upstream({ tries = 1, everyMs = 100, told = true, usual = 1 } = {}) {
  const story = aRun().agent('a').fault('upstream-errors', { on: 'upstream' })
  story.plan.roles.external = { tool: 'get_exchange_rate', sloMs: 1_000, needs: ['upstream'], correct: [] }
  for (let atMs = 2_000; atMs < 18_000; atMs += everyMs) {
    const broken = atMs >= 10_000
    story.call({ of: 'a', role: 'external', atMs, answer: broken ? toolError('DEPENDENCY_UNAVAILABLE') : served() })
    for (let n = 0; n < (broken ? tries : usual); n++)
      story.hits.push({ kind: 'hit', atMs: T0_MS + atMs + n * 10 + 2, status: broken ? 503 : 200, ...(told && { call: story.lastCall }) })
  }
  return story
}

describe('retry-amplification', () => {
  test('holds when each call is one attempt', () => {
    expect(find(retryAmplification, upstream())).toMatchObject({ status: 'pass', measured: 1, unit: 'attempts at upstream a call' })
  })

  test('fails when one call becomes four, with the calls', () => {
    const found = find(retryAmplification, upstream({ tries: 4 }))
    expect(found).toMatchObject({ status: 'fail', measured: 4, limit: 3, unit: 'attempts of one call' })
    expect(found.witnesses).toHaveLength(20)
  })

  test('a tool that asks four times by design is no server that tries four times; one that then asks sixteen times is', () => {
    expect(find(retryAmplification, upstream({ usual: 4, tries: 4 }))).toMatchObject({ status: 'pass', measured: 4 })
    expect(find(retryAmplification, upstream({ usual: 4, tries: 16 }))).toMatchObject({ status: 'fail', measured: 16, limit: 12 })
  })

  test('a tool that asks for each page of what there is multiplies nothing, though most have one page', () => {
    const paged = (pages: number, tries = 1) => {
      const story = upstream({ tries })
      for (const { call, sentAtMs } of story.sends.filter((_, n) => n % 5 === 0))
        for (let page = 1; page < pages; page++) story.hits.push({ kind: 'hit', atMs: T0_MS + sentAtMs + page, status: 200, call })
      return find(retryAmplification, story)
    }
    expect(paged(6)).toMatchObject({ status: 'pass', measured: 2 })
    expect(paged(6, 4)).toMatchObject({ status: 'fail', unit: 'attempts at upstream a call' })
  })

  test('fails by the rate where the upstream is not told whose call it is', () => {
    expect(find(retryAmplification, upstream({ tries: 3, told: false }))).toMatchObject({ status: 'fail', measured: 3 })
  })

  test('an open breaker that refuses by a tool’s result makes three attempts a call no fewer', () => {
    const story = upstream({ tries: 0 })
    const broken = story.sends.filter(({ sentAtMs }) => sentAtMs >= 10_000)
    for (const { call, sentAtMs } of broken.slice(0, 25))
      for (const laterMs of [1, 10, 20]) story.hits.push({ kind: 'hit', atMs: T0_MS + sentAtMs + laterMs, status: 503, call })
    expect(find(retryAmplification, story)).toMatchObject({ status: 'fail', measured: 3, samples: 25 })
  })

  test('answers that were kept before and are not any more multiply nothing: one attempt a call is none too many', () => {
    const cached = (tries: number) => {
      const story = upstream({ tries })
      const steady = story.hits.filter(({ status }) => status === 200)
      story.hits.splice(0, steady.length, ...steady.filter((_, n) => n % 10 < 6))
      return find(retryAmplification, story)
    }
    expect(cached(1)).toMatchObject({ status: 'pass', measured: 1 })
    expect(cached(2)).toMatchObject({ status: 'fail', measured: 2 })
  })

  test('a health check of its own, at the API behind an open breaker, is no call: told apart by name, else unknown', () => {
    const watched = (told: boolean) => {
      const story = upstream({ tries: 0, told })
      for (const line of story.load)
        if (line.kind === 'end' && line.endedAtMs > 12_500) Object.assign(line, { isError: undefined }, unavailable().evidence)
      const tried = story.sends.filter(({ sentAtMs }) => sentAtMs >= 10_000 && sentAtMs < 12_500)
      const hit = { kind: 'hit', status: 503 } as const
      for (const { call, sentAtMs } of tried) story.hits.push({ ...hit, atMs: T0_MS + sentAtMs + 2, ...(told && { call }) })
      for (let atMs = 2_000; atMs < 18_000; atMs += 250)
        story.hits.push({ ...hit, atMs: T0_MS + atMs, ...(told && { call: `probe-${atMs}` }) })
      return find(retryAmplification, story)
    }
    expect(watched(true)).toMatchObject({ status: 'pass', measured: 1, samples: 25 })
    expect(watched(false)).toMatchObject({ status: 'unknown', says: expect.stringContaining('who else asked cannot be told') })
  })

  test('what is tried again behind the calls, in nobody’s name, is no pass: unknown', () => {
    const queued = (tries: number) => {
      const story = upstream()
      for (const { sentAtMs } of story.sends.filter(({ sentAtMs }) => sentAtMs >= 10_000))
        for (let n = 1; n <= tries; n++) story.hits.push({ kind: 'hit', atMs: T0_MS + sentAtMs + n * 20, status: 503 })
      return find(retryAmplification, story)
    }
    expect(queued(3)).toMatchObject({ status: 'unknown', says: expect.stringMatching(/and 2[34]\d in nobody's name/) })
    expect(queued(0).status).toBe('pass')
  })

  test('connections count only beyond one a call, since a warm pool makes none', () => {
    const story = aRun()
      .agent('a')
      .fault('postgres-refused')
      .calls({ of: 'a', fromMs: 2_000, toMs: 18_000, everyMs: 100, answer: served() })
    const knocks = (each: number) => Array.from({ length: 80 * each }, (_, n) => 10_005 + Math.floor(n / each) * 100)
    expect(find(retryAmplification, story.attempts('postgres', knocks(1)))).toMatchObject({ status: 'pass', measured: 1 })
    expect(find(retryAmplification, story.attempts('postgres', knocks(2)))).toMatchObject({ status: 'fail', measured: 3 })
  })

  test('a probe of the server that knocks behind an open breaker is no multiplied call', () => {
    const story = aRun()
      .agent('a')
      .fault('postgres-refused')
      .calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 100, answer: served() })
    story.calls({ of: 'a', fromMs: 10_000, toMs: 12_500, everyMs: 100, answer: toolError('DEPENDENCY_UNAVAILABLE') })
    story.calls({ of: 'a', fromMs: 12_500, toMs: 18_000, everyMs: 100, answer: unavailable() })
    const probing = Array.from({ length: 32 }, (_, n) => 10_005 + n * 250)
    expect(find(retryAmplification, story.attempts('postgres', probing)).status).toBe('unknown')
    expect(find(retryAmplification, story.attempts('postgres', [...probing, ...probing, ...probing])).status).toBe('fail')
  })

  test('cannot tell from a few calls; has no weight without a dependency that broke', () => {
    expect(find(retryAmplification, upstream({ everyMs: 1_000 })).status).toBe('unknown')
    expect(find(retryAmplification, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }))).toMatchObject({
      notExercised: true,
    })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(upstream().hides('responses', 'x'), 'retry-amplification').status).toBe('not-judged')
  })
})
