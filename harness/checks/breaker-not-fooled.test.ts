import { describe, expect, test } from 'vitest'
import { served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { breakerNotFooled } from './breaker-not-fooled.ts'

const BREAKER = 'breakerOpen{dependency="postgres"}'

const mistaken = () =>
  aRun()
    .agent('a')
    .calls({ of: 'a', fromMs: 11_000, toMs: 12_000, everyMs: 100, answer: toolError('INVALID_ARGUMENTS') })

describe('breaker-not-fooled', () => {
  test('holds while it is closed, and while it is open for a fault and a while after', () => {
    const story = mistaken()
      .fault('postgres-refused')
      .sample('prometheus', 5_000, { [BREAKER]: 0 })
    story.sample('prometheus', 12_000, { [BREAKER]: 1 }).sample('prometheus', 19_500, { [BREAKER]: 1 })
    expect(find(breakerNotFooled, story)).toMatchObject({ status: 'pass', measured: 0, samples: 3 })
  })

  test('fails when it opens for bad arguments', () => {
    const found = find(breakerNotFooled, mistaken().sample('prometheus', 12_500, { [BREAKER]: 1 }))
    expect(found).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('after 10 calls with bad arguments') })
    expect(found.witnesses).toHaveLength(10)
  })

  test('fails when it opens in the steady phase, and long after the heal', () => {
    for (const atMs of [4_000, 25_000]) {
      const story = aRun()
        .agent('a')
        .call({ of: 'a', atMs: atMs - 50, answer: served(400) })
        .fault('postgres-refused')
      expect(find(breakerNotFooled, story.sample('prometheus', atMs, { [BREAKER]: 1 })), String(atMs)).toMatchObject({
        status: 'fail',
        witnesses: [0],
      })
    }
  })

  test('one that was opened by the fault may stay open for longer than anybody declared; one that opens anew may not', () => {
    const story = mistaken().fault('postgres-refused')
    for (const [atMs, value] of [
      [9_000, 0],
      [12_000, 1],
      [22_000, 1],
      [24_000, 1],
    ] as const)
      story.sample('prometheus', atMs, { [BREAKER]: value })
    expect(find(breakerNotFooled, story)).toMatchObject({ status: 'pass', samples: 4 })
    story.sample('prometheus', 25_000, { [BREAKER]: 0 }).sample('prometheus', 26_000, { [BREAKER]: 1 })
    expect(find(breakerNotFooled, story)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('at 26 s') })
  })

  test('without the metric too: who has not been served since the fault meets the breaker that it opened', () => {
    const story = aRun().agent('a').fault('postgres-refused')
    story.call({ of: 'a', atMs: 9_000, answer: served() })
    story.calls({ of: 'a', fromMs: 12_000, toMs: 25_000, everyMs: 500, answer: unavailable() })
    expect(find(breakerNotFooled, story)).toMatchObject({ status: 'pass' })
    story.call({ of: 'a', atMs: 25_000, answer: served() })
    story.calls({ of: 'a', fromMs: 26_000, toMs: 26_300, everyMs: 100, answer: unavailable() })
    expect(find(breakerNotFooled, story)).toMatchObject({ status: 'fail', measured: 3 })
  })

  test('without the metric it goes by what callers are told', () => {
    const story = aRun().agent('a').calls({ of: 'a', fromMs: 12_000, toMs: 12_300, everyMs: 100, answer: unavailable() })
    expect(find(breakerNotFooled, story)).toMatchObject({ status: 'fail', evidence: 'inferred', witnesses: [0, 1, 2] })
    expect(find(breakerNotFooled, story.fault('postgres-refused'))).toMatchObject({ status: 'pass', evidence: 'inferred' })
  })

  test('without the metric a breaker may tell it in a tool’s result, with its wait; a failure of one call has none', () => {
    const told = (more: Record<string, unknown>) => {
      const answer = toolError('DEPENDENCY_UNAVAILABLE', 4, { data: { code: 'DEPENDENCY_UNAVAILABLE', ...more } })
      return find(breakerNotFooled, aRun().agent('a').calls({ of: 'a', fromMs: 12_000, toMs: 12_300, everyMs: 100, answer }))
    }
    expect(told({ retryAfterMs: 1_900 })).toMatchObject({ status: 'fail', evidence: 'inferred', witnesses: [0, 1, 2] })
    expect(told({})).toMatchObject({ status: 'pass', evidence: 'inferred' })
  })

  test('without the metric cannot tell when others of the role are served between: a connection that had ended fails one call', () => {
    const story = aRun().agent('a')
    for (let atMs = 3_000; atMs < 9_000; atMs += 50) story.call({ of: 'a', atMs, answer: atMs % 1_000 < 100 ? unavailable() : served() })
    const found = find(breakerNotFooled, story)
    expect(found).toMatchObject({ status: 'unknown', measured: 12, says: expect.stringContaining('never 3 in a row') })
    story.calls({ of: 'a', fromMs: 8_110, toMs: 8_140, everyMs: 10, answer: unavailable() })
    expect(find(breakerNotFooled, story).status).toBe('fail')
  })

  describe('one that counts what the API behind does not have', () => {
    /** A guesser asks for that, ten times; from then on the tool is shut for a second agent, too. */
    const shut = () => {
      const story = aRun().agent('g', { persona: 'guesser', hostile: true }).agent('a')
      story.calls({ of: 'a', role: 'external', fromMs: 3_000, toMs: 11_000, everyMs: 500, answer: served() })
      story.calls({ of: 'g', role: 'external', fromMs: 11_000, toMs: 12_000, everyMs: 100, answer: toolError('INVALID_ARGUMENTS') })
      return story
    }
    const turnedAway = () => shut().calls({ of: 'a', role: 'external', fromMs: 12_000, toMs: 14_000, everyMs: 500, answer: unavailable() })

    test('fails by its metric, and names the calls that did it', () => {
      const story = turnedAway().sample('prometheus', 10_000, { 'breakerOpen{dependency="upstream"}': 0 })
      const found = find(breakerNotFooled, story.sample('prometheus', 12_250, { 'breakerOpen{dependency="upstream"}': 1 }))
      expect(found).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('after 10 calls with bad arguments') })
      expect(found.witnesses).toHaveLength(10)
      // Nobody's SQL shut the upstream.
      const wrongSql = toolError('INVALID_ARGUMENTS')
      const both = turnedAway().calls({ of: 'g', role: 'expensiveRead', fromMs: 11_050, toMs: 12_050, everyMs: 100, answer: wrongSql })
      const judged = find(breakerNotFooled, both.sample('prometheus', 12_250, { 'breakerOpen{dependency="upstream"}': 1 }))
      const { calls } = both.history()
      expect((judged.witnesses ?? []).map((index) => calls[index]?.role)).toEqual(Array(10).fill('external'))
    })

    test('fails by answers alone, in whatever surface they come', () => {
      expect(find(breakerNotFooled, turnedAway())).toMatchObject({ status: 'fail', evidence: 'inferred', measured: 4 })
      const data = { code: 'DEPENDENCY_UNAVAILABLE', retryAfterMs: 1_900 }
      const told = shut().calls({
        of: 'a',
        role: 'external',
        fromMs: 12_000,
        toMs: 14_000,
        everyMs: 500,
        answer: toolError('DEPENDENCY_UNAVAILABLE', 4, { data }),
      })
      expect(find(breakerNotFooled, told)).toMatchObject({ status: 'fail', evidence: 'inferred', measured: 4 })
    })

    test('holds while the tool goes on', () => {
      const story = shut().calls({ of: 'a', role: 'external', fromMs: 12_000, toMs: 14_000, everyMs: 500, answer: served() })
      expect(find(breakerNotFooled, story)).toMatchObject({ status: 'pass', evidence: 'inferred', measured: 0 })
    })
  })

  test('one that was open before the first call was opened by nobody here; one that opens anew was', () => {
    const read = (...open: number[]) => {
      const story = mistaken()
      for (let atMs = 0; atMs < 20_000; atMs += 1_000) story.sample('prometheus', atMs, { [BREAKER]: Number(open.includes(atMs)) })
      return find(breakerNotFooled, story)
    }
    expect(read(0, 1_000, 2_000)).toMatchObject({ status: 'pass', measured: 0 })
    expect(read(0, 1_000, 14_000)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('at 14 s') })
  })

  test('cannot tell from a series that was open all the time, while calls were served', () => {
    const always = (closedAtMs?: number) => {
      const story = mistaken().call({ of: 'a', atMs: 13_000, answer: served() })
      for (let atMs = 0; atMs < 20_000; atMs += 1_000) story.sample('prometheus', atMs, { [BREAKER]: atMs === closedAtMs ? 0 : 1 })
      return find(breakerNotFooled, story)
    }
    expect(always()).toMatchObject({ status: 'unknown', says: expect.stringContaining('mend observe.metrics.breakerOpen') })
    expect(always(13_000).status).toBe('fail')
  })

  test('cannot tell when it opened as the machine stood still; one that opened before that was fooled', () => {
    const opened = (atMs: number) =>
      verdictOf(
        mistaken()
          .sample('prometheus', atMs, { [BREAKER]: 1 })
          .sample('machine', 14_000, { stillMs: 600, stolenMs: 1_100 })
          .check('breaker-not-fooled'),
        'breaker-not-fooled',
      )
    expect(opened(14_200)).toMatchObject({ status: 'unknown', stoodStill: true })
    expect(opened(12_500)).toMatchObject({ status: 'fail' })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(aRun().hides('responses', 'x'), 'breaker-not-fooled').status).toBe('not-judged')
  })

  test('is unknown when the load was not offered', () => {
    const story = mistaken().sample('prometheus', 12_500, { [BREAKER]: 0 })
    story.silent.add('a')
    expect(verdictOf(story, 'breaker-not-fooled').status).toBe('unknown')
  })
})
