import { describe, expect, test } from 'vitest'
import { gaveUp, refused, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { blastRadius } from './blast-radius.ts'

/** A lock on `customers`; expensiveRead needs only `orders`. Its calls take so long under stress, or are never answered. */
function locked({ tookMs = 30 as number | null, everyMs = 30, table = 'shop.customers' } = {}) {
  const story = aRun().agent('a').agent('b').fault('postgres-lock')
  for (const fault of story.plan.faults) fault.parameters.table = table
  const role = 'expensiveRead' as const
  story.calls({ of: 'a', role, fromMs: 2_000, toMs: 10_000, everyMs, answer: served(30) })
  story.calls({ of: 'a', role, fromMs: 10_000, toMs: 18_000, everyMs, answer: tookMs === null ? gaveUp() : served(tookMs) })
  return story.calls({ of: 'b', fromMs: 10_000, toMs: 18_000, everyMs: 500, answer: gaveUp() })
}

describe('blast-radius', () => {
  test('holds when those who do not need the locked table notice nothing', () => {
    expect(find(blastRadius, locked())).toMatchObject({ status: 'pass', measured: 1, interval: [1, 1] })
  })

  test('fails when they get no answers', () => {
    const found = find(blastRadius, locked({ tookMs: null }))
    expect(found).toMatchObject({
      status: 'fail',
      measured: 0,
      says: expect.stringContaining('expensiveRead, which needs nothing that broke'),
    })
    expect(found.witnesses).toHaveLength(20)
  })

  test('fails when they are answered, but late', () => {
    expect(find(blastRadius, locked({ tookMs: 400 }))).toMatchObject({
      status: 'fail',
      unit: 'ms',
      measured: 401,
      says: expect.stringContaining('p95 from 31 ms'),
    })
  })

  test('of few calls the median tells: half of them slower than nearly all were', () => {
    expect(find(blastRadius, locked({ everyMs: 200, tookMs: 400 }))).toMatchObject({
      status: 'fail',
      measured: 401,
      says: expect.stringContaining('its median is now over its p95 of before: from 31 ms to 401 ms; allowed are 97 ms'),
    })
    const tail = locked({ everyMs: 200 })
    for (const [n, line] of tail.load.filter((each) => each.kind === 'end' && each.endedAtMs > 10_000).entries())
      if (n % 3 === 0 && line.kind === 'end') line.endedAtMs += 400
    expect(find(blastRadius, tail).status).toBe('pass')
    expect(find(blastRadius, locked({ everyMs: 200, tookMs: 60 })).status).toBe('pass')
  })

  test('cannot tell from a handful of calls', () => {
    expect(find(blastRadius, locked({ everyMs: 600 })).status).toBe('unknown')
  })

  test('has no weight where the stress touches everybody', () => {
    expect(find(blastRadius, locked({ table: 'orders' }))).toMatchObject({ notExercised: true })
    expect(find(blastRadius, locked({ table: '' }))).toMatchObject({ notExercised: true })
  })

  test('agents that came with the stress had nothing before that they could have lost', () => {
    const joined = (fromMs: number) =>
      find(
        blastRadius,
        locked().agent('c').calls({ of: 'c', role: 'expensiveRead', fromMs, toMs: 18_000, everyMs: 100, answer: refused() }),
      )
    expect(joined(10_000)).toMatchObject({ status: 'pass', measured: 1 })
    expect(joined(9_900).status).toBe('fail')
  })

  test('a role without needs has nowhere said that it does without what broke', () => {
    const story = locked({ tookMs: null })
    for (const role of Object.values(story.plan.roles)) role.needs = role.tool === 'run_query' ? [] : role.needs
    expect(find(blastRadius, story)).toMatchObject({ notExercised: true, says: expect.stringContaining('names no needs') })
  })

  test('a need may name its table with a schema', () => {
    const story = locked({ table: 'shop.orders', tookMs: null })
    for (const role of Object.values(story.plan.roles)) role.needs = role.needs.map((need) => need.replace(':', ':shop.'))
    expect(find(blastRadius, story)).toMatchObject({ notExercised: true })
  })

  describe('where agents are the stress', () => {
    /** They err with `external` under stress; the answers of cheapRead meanwhile. */
    const erring = (answer = served(30), role: 'external' | 'cheapRead' = 'external') => {
      const story = aRun().agent('a').agent('g', { persona: 'guesser', hostile: true })
      story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 100, answer: served(30) })
      story.calls({ of: 'a', fromMs: 10_000, toMs: 18_000, everyMs: 100, answer })
      return story.calls({ of: 'g', role, fromMs: 10_000, toMs: 18_000, everyMs: 200, answer: toolError('INVALID_ARGUMENTS') })
    }

    test('holds when those who call other tools notice nothing', () => {
      expect(find(blastRadius, erring())).toMatchObject({
        status: 'pass',
        measured: 1,
        says: expect.stringContaining('which the stress did not call'),
      })
    })

    test('fails when they get no answers, and when those come late', () => {
      const shut = find(blastRadius, erring(unavailable()))
      expect(shut).toMatchObject({ status: 'fail', measured: 0, remedy: { runbook: 'DEPENDENCY_UNAVAILABLE' } })
      expect(shut.witnesses).toHaveLength(20)
      expect(shut.follows).toBeUndefined()
      const metered = erring(unavailable())
      for (let atMs = 10_000; atMs < 18_000; atMs += 500) metered.sample('prometheus', atMs, { 'breakerOpen{dependency="upstream"}': 1 })
      expect(find(blastRadius, metered)).toMatchObject({ status: 'fail', remedy: { control: 'breaker' }, follows: ['breaker-not-fooled'] })
      expect(find(blastRadius, erring(served(400)))).toMatchObject({ status: 'fail', unit: 'ms', measured: 401 })
    })

    test('a tool that needs the same is another tool all the same: nothing is broken; the one that they call is not judged', () => {
      const story = erring(unavailable())
      for (const role of Object.values(story.plan.roles)) role.needs = ['upstream:rates']
      expect(find(blastRadius, story).status).toBe('fail')
      expect(find(blastRadius, erring(unavailable(), 'cheapRead'))).toMatchObject({
        notExercised: true,
        says: expect.stringContaining('called by the stress'),
      })
    })

    test('beside a fault they are not what is asked about', () => {
      expect(find(blastRadius, erring(unavailable()).fault('postgres-refused'))).toMatchObject({ notExercised: true })
    })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(locked().hides('responses', 'x'), 'blast-radius').status).toBe('not-judged')
  })
})
