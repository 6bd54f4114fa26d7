import { describe, expect, test } from 'vitest'
import { gaveUp, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { cancelPropagates } from './cancel-propagates.ts'

/** Five calls at 12 s of which each is dropped after 300 ms; so many statements are active for the two seconds after. */
function dropped(active: number) {
  const story = aRun().agent('a')
  for (let n = 0; n < 5; n++) story.call({ of: 'a', role: 'expensiveRead', atMs: 12_000 + n, timeoutMs: 300, answer: gaveUp(300) })
  story.call({ of: 'a', atMs: 12_000, answer: served(4_000) })
  for (let atMs = 0; atMs < 27_000; atMs += 250)
    story.sample('postgres', atMs, { activeOverSecond: atMs >= 13_100 && atMs < 15_000 ? active : 0 })
  return story
}

describe('cancel-propagates', () => {
  test('holds when only the calls still in flight have a statement', () => {
    expect(find(cancelPropagates, dropped(1))).toMatchObject({ status: 'pass', measured: 0 })
  })

  test('fails when the queries run on, with the calls that were dropped', () => {
    const story = dropped(6)
    const found = find(cancelPropagates, story)
    expect(found).toMatchObject({ status: 'fail', measured: 5, says: expect.stringContaining('5 statements ran for nobody') })
    expect(witnesses(story, found).every(({ evidence }) => evidence.transport === 'timeout')).toBe(true)
  })

  test('a long statement that was there before is none of theirs; without anybody who hung up nothing ran for nobody', () => {
    const job = dropped(6)
    for (const { values } of job.samples) values.activeOverSecond = (values.activeOverSecond ?? 0) + 2
    expect(find(cancelPropagates, job)).toMatchObject({ status: 'fail', measured: 5 })
    for (const { values } of job.samples) values.activeOverSecond = 2
    expect(find(cancelPropagates, job)).toMatchObject({ status: 'pass', measured: 0 })
    const undeclared = aRun()
      .agent('a')
      .call({ of: 'a', role: 'external', atMs: 3_000, answer: served(3_000) })
    for (let atMs = 4_000; atMs < 6_000; atMs += 250) undeclared.sample('postgres', atMs, { activeOverSecond: 1 })
    expect(find(cancelPropagates, undeclared)).toMatchObject({ notExercised: true })
  })

  test('a second is allowed, and one reading alone is none', () => {
    const story = dropped(1)
    const [one] = story.samples.filter(({ values }) => values.activeOverSecond === 1).slice(3)
    if (one) one.values.activeOverSecond = 4
    expect(find(cancelPropagates, story).status).toBe('pass')
  })

  test('fails when somebody’s query is cancelled who had not given up', () => {
    const story = dropped(1).call({
      of: 'a',
      atMs: 12_400,
      answer: toolError('INTERNAL', 200, { message: 'canceling statement due to user request' }),
    })
    expect(find(cancelPropagates, story)).toMatchObject({ status: 'fail', unit: 'calls cancelled by mistake', measured: 1 })
    const late = dropped(1).call({
      of: 'a',
      atMs: 12_400,
      answer: toolError('TOOL_TIMEOUT', 1_990, { data: { code: 'TOOL_TIMEOUT', sqlstate: '57014' } }),
    })
    expect(find(cancelPropagates, late).status).toBe('pass')
  })

  test('a statement that ran into a limit of the database’s was cancelled by nobody', () => {
    const limited = (message: string) =>
      dropped(1).call({
        of: 'a',
        atMs: 12_400,
        answer: toolError('TOOL_TIMEOUT', 700, { message, data: { code: 'TOOL_TIMEOUT', sqlstate: '57014' } }),
      })
    expect(find(cancelPropagates, limited('canceling statement due to statement timeout')).status).toBe('pass')
    expect(find(cancelPropagates, limited('canceling statement due to user request')).status).toBe('fail')
  })

  test('who cancels by ending sessions may end another one’s; so does a fault', () => {
    const ended = (atMs: number) =>
      dropped(1).call({
        of: 'a',
        atMs,
        answer: toolError('INTERNAL', 200, { message: 'terminating connection due to administrator command' }),
      })
    expect(find(cancelPropagates, ended(12_400))).toMatchObject({ status: 'fail', unit: 'calls cancelled by mistake', measured: 1 })
    expect(find(cancelPropagates, ended(4_000)).status).toBe('pass')
    expect(find(cancelPropagates, ended(12_400).fault('postgres-sessions-killed', { fromMs: 11_000 })).status).toBe('pass')
    expect(find(cancelPropagates, ended(12_400).fault('postgres-slow-statements')).status).toBe('fail')
  })

  test('a tool that stops all its queries after the same time has a limit of its own', () => {
    const stopped = (...afterMs: number[]) => {
      const story = dropped(1)
      for (const [n, ms] of afterMs.entries()) story.call({ of: 'a', atMs: 12_400 + n * 100, answer: toolError('TOOL_TIMEOUT', ms) })
      return story
    }
    expect(find(cancelPropagates, stopped(1_000, 1_020, 1_060)).status).toBe('pass')
    expect(find(cancelPropagates, stopped(300, 1_020, 700))).toMatchObject({ status: 'fail', measured: 3 })
  })

  test('a time limit of something else is no cancel, unless somebody had given up just before; the words of one are', () => {
    const early = (atMs: number, message = 'no connection in time') =>
      dropped(1).call({ of: 'a', atMs, answer: toolError('TOOL_TIMEOUT', 400, { message }) })
    expect(find(cancelPropagates, early(4_000)).status).toBe('pass')
    expect(find(cancelPropagates, early(12_400)).status).toBe('fail')
    expect(find(cancelPropagates, early(4_000, 'canceling statement due to user request')).status).toBe('fail')
  })

  test('cannot tell without readings, has no weight when nobody hung up', () => {
    expect(find(cancelPropagates, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() })).status).toBe('unknown')
    const calm = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).sample('postgres', 4_000, { activeOverSecond: 0 })
    expect(find(cancelPropagates, calm)).toMatchObject({ status: 'pass', notExercised: true })
  })

  test('is not judged when the database cannot be seen', () => {
    expect(verdictOf(dropped(1).hides('observe.postgres', 'line'), 'cancel-propagates')).toMatchObject({
      status: 'not-judged',
      addLine: 'line',
    })
  })
})
