import { describe, expect, test } from 'vitest'
import { closedUnread, gaveUp, reset, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { boundedTime } from './bounded-time.ts'

// cheapRead's deadline is 2,000 ms; with the grace of 250 ms and the lateness of 1 ms, 2,251 ms are allowed.
const one = () => aRun().agent('a')

describe('bounded-time', () => {
  test('holds when every call ends by its deadline', () => {
    const story = one().call({ of: 'a', atMs: 3_000, answer: served(2_200) })
    expect(find(boundedTime, story)).toMatchObject({ status: 'pass', measured: 0, limit: 0, samples: 1 })
  })

  test('fails when a patient caller was left waiting, and accuses no setting', () => {
    const story = one()
      .call({ of: 'a', atMs: 3_000, answer: served(10) })
      .call({ of: 'a', atMs: 4_000, answer: gaveUp() })
    const found = find(boundedTime, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, samples: 2, says: expect.stringContaining('was never answered') })
    expect(witnesses(story, found)).toMatchObject([{ class: 'lost' }])
    // Whether a setting or a missing timer let it, cannot be seen.
    expect(found.advice).toBeUndefined()
  })

  test('an impatient caller has not seen the deadline pass', () => {
    const story = one().call({ of: 'a', atMs: 3_000, timeoutMs: 1_000, answer: gaveUp(1_000) })
    expect(find(boundedTime, story)).toMatchObject({ notExercised: true })
  })

  test('the server’s own time decides where its log shows it', () => {
    const slow = one().call({ of: 'a', atMs: 3_000, timeoutMs: 1_000, answer: gaveUp(1_000), serverMs: 4_000 })
    expect(find(boundedTime, slow).status).toBe('fail')
    const quick = one().call({ of: 'a', atMs: 3_000, answer: served(2_400), serverMs: 1_900 })
    expect(find(boundedTime, quick).status).toBe('pass')
  })

  test('a short time in the server’s log hides no hang', () => {
    expect(find(boundedTime, one().call({ of: 'a', atMs: 3_000, answer: gaveUp(), serverMs: 3 }))).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('took 6 s and was never answered'),
    })
    expect(find(boundedTime, one().call({ of: 'a', atMs: 3_000, serverMs: 3 })).status).toBe('fail')
    expect(find(boundedTime, one().call({ of: 'a', atMs: 3_000, timeoutMs: 1_000, answer: gaveUp(1_000), serverMs: 3 })).status).toBe(
      'pass',
    )
  })

  test('of a line before the handler, in which an answered call stood twice as long as it may take, nobody can tell whose it was', () => {
    const lined = (afterMs: number) => one().call({ of: 'a', atMs: 3_000, timeoutMs: 30_000, answer: served(afterMs), serverMs: 40 })
    expect(find(boundedTime, lined(4_800))).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('one 4.8 s where it says 40 ms'),
    })
    expect(find(boundedTime, lined(4_400)).status).toBe('pass')
    const slowed = lined(4_800).fault('link-latency', { on: 'server', fromMs: 2_000, toMs: 9_000 })
    expect(find(boundedTime, slowed).status).toBe('pass')
  })

  test('the way to a server far away is not its own', () => {
    const far = (afterMs: number) => {
      const story = one()
        .call({ of: 'a', atMs: 3_000, answer: served(180) })
        .call({ of: 'a', atMs: 4_000, answer: served(afterMs) })
      story.manifest.url = 'https://mcp.example.org/v1/mcp'
      return story
    }
    expect(find(boundedTime, far(2_400)).status).toBe('pass')
    expect(find(boundedTime, far(2_500)).status).toBe('fail')
    // What crosses a call has come half the way, or none.
    expect(find(boundedTime, far(2_400).call({ of: 'a', atMs: 5_000, answer: closedUnread(1) })).status).toBe('pass')
    // Its answer may still have been on the way when the caller gave up.
    const patient = (ms: number) => far(180).call({ of: 'a', atMs: 5_000, timeoutMs: ms, answer: gaveUp(ms), serverMs: 1_900 })
    expect(find(boundedTime, patient(2_400)).status).toBe('pass')
    expect(find(boundedTime, patient(2_500)).status).toBe('fail')
  })

  test('a late generator is given its lateness', () => {
    const story = one().call({ of: 'a', atMs: 3_000, lateMs: 100, answer: served(2_340) })
    expect(find(boundedTime, story).status).toBe('pass')
  })

  test('answers that we cut are exempt, and so is what never reached a server', () => {
    const cut = one().call({ of: 'a', atMs: 12_000, answer: reset(3_000) })
    expect(find(boundedTime, cut).status).toBe('fail')
    expect(find(boundedTime, cut.fault('answers-cut', { on: 'server' }))).toMatchObject({ notExercised: true })
    const refused = one().call({ of: 'a', atMs: 3_000, answer: { afterMs: 3_000, evidence: { status: 0, transport: 'refused' } } })
    expect(find(boundedTime, refused)).toMatchObject({ notExercised: true })
  })

  test('what a frozen instance could not answer is exempt; what it had left too late before is not, nor what another one had', () => {
    const frozen = (atMs: number, more = {}) => {
      const answer = served(7_000, more)
      const story = one().call({ of: 'a', atMs, answer }).fault('server-frozen', { on: 'server', fromMs: 10_000, toMs: 15_000 })
      for (const fault of story.plan.faults) fault.parameters.instance = 1
      return find(boundedTime, story)
    }
    expect(frozen(9_000)).toMatchObject({ notExercised: true })
    expect(frozen(9_000, { instance: '1' })).toMatchObject({ notExercised: true })
    expect(frozen(9_000, { instance: 'pod-f7d9' })).toMatchObject({ notExercised: true })
    expect(frozen(9_000, { instance: '2' }).status).toBe('fail')
    expect(frozen(6_000).status).toBe('fail')
  })

  test('a call in flight at the end was silent, unless lines are missing', () => {
    const story = one().call({ of: 'a', atMs: 3_000 })
    expect(find(boundedTime, story).status).toBe('fail')
    story.silent.add('a')
    expect(find(boundedTime, story)).toMatchObject({ notExercised: true })
  })

  test('is unknown where the scenario rests on it and nobody was patient', () => {
    const story = one()
      .call({ of: 'a', atMs: 3_000, timeoutMs: 1_000, answer: gaveUp(1_000) })
      .check('bounded-time', {}, { essential: true })
    expect(verdictOf(story, 'bounded-time').status).toBe('unknown')
  })

  test('is not judged where no tool has a deadline', () => {
    const story = one().hides('deadlines', 'tools.cheapRead.deadlineMs: 10_000')
    expect(verdictOf(story, 'bounded-time')).toMatchObject({ status: 'not-judged', addLine: 'tools.cheapRead.deadlineMs: 10_000' })
  })
})
