import { describe, expect, test } from 'vitest'
import { refused, served, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { recovers } from './recovers.ts'

/** Well until 10 s, badly until `badUntilMs`, then well again. */
function outage(badUntilMs: number) {
  return aRun()
    .agent('a')
    .calls({ of: 'a', fromMs: 2_000, toMs: 9_900, everyMs: 100, answer: served() })
    .calls({ of: 'a', fromMs: 10_000, toMs: badUntilMs, everyMs: 100, answer: unavailable() })
    .calls({ of: 'a', fromMs: badUntilMs, toMs: 26_900, everyMs: 100, answer: served() })
    .fault('postgres-refused')
}

describe('recovers', () => {
  test('counts from the verified heal', () => {
    expect(find(recovers, outage(18_000))).toMatchObject({ status: 'pass', measured: 0, limit: 8_000 })
    expect(find(recovers, outage(20_200))).toMatchObject({ status: 'pass', measured: 3_000 })
  })

  test('fails when agents are still without answers, and names them, the last first', () => {
    const story = outage(26_900)
    const found = find(recovers, story)
    expect(found).toMatchObject({ status: 'fail', says: expect.stringContaining('most failed as dependency') })
    expect(found.measured).toBeGreaterThan(8_000)
    expect(witnesses(story, found)[0]).toMatchObject({ phase: 'recovery', class: 'dependency' })
    expect(found).toMatchObject({ remedy: { control: 'breaker, or the connections behind it' } })
    expect(found.advice).toBeUndefined()
  })

  test('asks nothing of agents that came with the stress, and may be refused for it after it', () => {
    const story = (from: number) => {
      const storm = outage(18_000).agent('b')
      storm.calls({ of: 'b', fromMs: from, toMs: 26_900, everyMs: 500, answer: refused() })
      return find(recovers, storm)
    }
    expect(story(18_000)).toMatchObject({ status: 'pass', measured: 0 })
    expect(story(9_000).status).toBe('fail')
  })

  test('fails when one agent, or one role, gets nothing good any more, however few of all calls these are', () => {
    const but = (who: Partial<Parameters<ReturnType<typeof outage>['calls']>[0]>, back = unavailable()) => {
      const story = outage(18_000).agent('b')
      story.calls({ of: 'a', fromMs: 2_000, toMs: 26_900, everyMs: 30, answer: served() })
      const seldom = { of: 'b', everyMs: 600, ...who }
      story.calls({ ...seldom, fromMs: 2_000, toMs: 10_000, answer: served() })
      return story.calls({ ...seldom, fromMs: 18_200, toMs: 26_900, answer: back })
    }
    const story = but({})
    const found = find(recovers, story)
    expect(found).toMatchObject({ status: 'fail', says: expect.stringMatching(/the others got good answers again, but b none: 1\d calls/) })
    expect(witnesses(story, found).every(({ agent }) => agent === 'b')).toBe(true)
    expect(find(recovers, but({ of: 'a', role: 'write' })).says).toContain('but write none')
    expect(find(recovers, but({}, served())).status).toBe('pass')
    const short = but({})
    short.plan.scale = 'full'
    expect(find(recovers, short).status).toBe('unknown')
  })

  test('where one call in twenty fails on a quiet day too, seconds with one that failed are well', () => {
    const usually = (later: number) => {
      const story = outage(18_000)
      const ends = story.load.filter((line) => line.kind === 'end')
      ends.forEach((line, n) => {
        if (n % (line.endedAtMs > 18_000 ? later : 20) === 1) Object.assign(line, unavailable().evidence)
      })
      return find(recovers, story)
    }
    expect(usually(20)).toMatchObject({ status: 'pass', measured: 0 })
    expect(usually(3).status).toBe('fail')
  })

  test('names the breaker only where it read open', () => {
    const read = (value: number) => {
      const story = outage(26_900)
      for (let atMs = 10_000; atMs < 27_000; atMs += 500) story.sample('prometheus', atMs, { 'breakerOpen{dependency="db"}': value })
      return find(recovers, story)
    }
    expect(read(1)).toMatchObject({ remedy: { control: 'breaker' }, advice: [{ present: '2000', suggested: '2000' }] })
    expect(read(0).remedy?.control).toBe('connections')
    expect(read(0).advice).toBeUndefined()
  })

  test('names the pool that was full while callers waited, and no breaker', () => {
    const story = aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 9_900, everyMs: 100, answer: served() })
    const full = unavailable({ data: { code: 'QUEUE_FULL', retryAfterMs: 1_000 }, rpcCode: 50_304 })
    story.calls({ of: 'a', fromMs: 10_000, toMs: 26_900, everyMs: 100, answer: full })
    for (let atMs = 10_000; atMs < 27_000; atMs += 500)
      story.sample('prometheus', atMs, {
        'poolUsed{pool="x",state="used"}': 8,
        'poolWaiting{pool="x"}': 3,
        'poolUsed{pool="y",state="used"}': 1,
        'poolWaiting{pool="y"}': 0,
      })
    const { remedy } = find(recovers, story)
    expect(remedy?.control).toBe('bulkhead')
    expect(remedy?.do).toContain('poolUsed{pool="x",state="used"} of 1 had all its 8 connections in use')
    expect(remedy?.do).not.toContain('pool="y"')
  })

  test('fails when it came back, but too late', () => {
    expect(find(recovers, outage(24_000)).status).toBe('fail')
  })

  test('gives the full scale its longer limit', () => {
    const story = outage(24_000)
    story.plan.scale = 'full'
    expect(find(recovers, story)).toMatchObject({ status: 'unknown', limit: 30_000 })
  })

  test('one good second is no recovery', () => {
    const story = outage(26_900)
    for (const line of story.load)
      if (line.kind === 'end' && line.endedAtMs > 20_000 && line.endedAtMs < 21_500) Object.assign(line, served().evidence)
    expect(find(recovers, story).status).toBe('fail')
  })

  test('fails when it came back and went down again, with the calls of the relapse', () => {
    const story = outage(18_000)
    for (const line of story.load)
      if (line.kind === 'end' && line.endedAtMs > 23_000) Object.assign(line, { isError: true }, unavailable().evidence)
    const found = find(recovers, story)
    expect(found).toMatchObject({ status: 'fail', says: expect.stringContaining('it came back, and went down again at 22.1 s') })
    expect(witnesses(story, found)[0]).toMatchObject({ phase: 'recovery', class: 'dependency' })
    expect(witnesses(story, found)[0]?.sentAtMs).toBeGreaterThan(22_900)
  })

  test('fails when it comes and goes: as many low seconds, though never as many in a row, which leave too little of the rest', () => {
    const flapping = (everyMs: number, lowMs: number, most = 30_000) => {
      const story = outage(18_000)
      for (const line of story.load)
        if (line.kind === 'end' && line.endedAtMs > 21_100 && line.endedAtMs < most && (line.endedAtMs - 21_100) % everyMs < lowMs)
          Object.assign(line, { isError: undefined }, unavailable().evidence)
      return find(recovers, story)
    }
    expect(flapping(2_000, 1_000)).toMatchObject({
      status: 'fail',
      says: expect.stringMatching(/went down again at 21\.1 s: .*then 3 of 5 seconds/),
    })
    expect(flapping(2_000, 1_000, 24_000)).toMatchObject({ status: 'pass', measured: 0 })
  })

  test('two low seconds after the return are no relapse', () => {
    const story = outage(18_000)
    for (const line of story.load)
      if (line.kind === 'end' && line.endedAtMs > 23_100 && line.endedAtMs < 25_100) Object.assign(line, unavailable().evidence)
    expect(find(recovers, story).status).toBe('pass')
  })

  test('without a fault, counts from the end of the stress', () => {
    const story = outage(18_000)
    story.plan.faults.length = 0
    expect(find(recovers, story)).toMatchObject({ status: 'pass', says: expect.stringContaining('the end of the stress') })
  })

  test('cannot tell without a verified heal', () => {
    const story = outage(18_000)
    story.faults.splice(
      story.faults.findIndex(({ event }) => event === 'healed'),
      1,
    )
    expect(find(recovers, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('never seen healed') })
  })

  test('cannot tell when nothing was well before', () => {
    const story = aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 26_900, everyMs: 100, answer: unavailable() })
    expect(find(recovers, story).status).toBe('unknown')
  })

  test('is not judged where answers are not seen', () => {
    expect(verdictOf(outage(18_000).hides('responses', 'url'), 'recovers').status).toBe('not-judged')
  })
})
