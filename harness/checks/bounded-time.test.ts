import { describe, expect, test } from 'vitest'
import { closedUnread, gaveUp, reset, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
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

  describe('a line at the door', () => {
    const FREE = { stolenShare: 0.02, waitingShare: 0.2 }
    const ROBBED = { stolenShare: 0.5, waitingShare: 0.9 }

    interface Line {
      toMs?: number
      everyMs?: number
      waiting?: number
      proxy?: number
      machine?: Record<string, number>
    }

    /** So many wait to be accepted from the third second on, and the machine is read as often. */
    function lined(story: Story, { toMs = 9_000, everyMs = 250, waiting = 30, proxy = 0, machine = FREE }: Line = {}): Story {
      for (let atMs = 3_000; atMs <= toMs; atMs += everyMs)
        story
          .sample('accept-queue', atMs, { acceptQueue: waiting })
          .sample('accept-queue', atMs, { acceptQueue: proxy }, 'proxy')
          .sample('machine', atMs, machine)
      return story
    }
    const late = () => one().call({ of: 'a', atMs: 3_000, timeoutMs: 30_000, answer: served(4_800), serverMs: 40 })
    const givenUp = (calls = 1) => {
      const story = one()
      for (let n = 0; n < calls; n++) story.call({ of: 'a', atMs: 3_000, answer: gaveUp() })
      return story
    }

    test('is the server’s own where it had its cores, whatever its log says', () => {
      const story = lined(late())
      const found = find(boundedTime, story)
      expect(found).toMatchObject({ status: 'fail', measured: 1, remedy: { control: 'overload' } })
      expect(found.says).toContain('the worst took 4.8 s, allowed were 2.3 s; 1 of them in a line at the server')
      expect(witnesses(story, found)).toMatchObject([{ server: { durationMs: 40 } }])
      // Others waited for cores, and it had one.
      const full = lined(late(), { machine: { stolenShare: 0.02, waitingShare: 0.9 } })
      for (let atMs = 3_000; atMs <= 9_000; atMs += 500) full.sample('process', atMs, { coreWaitShare: 0.2 })
      expect(find(boundedTime, full).status).toBe('fail')
    })

    test.each<[string, Line]>([
      ['the host had the cores', { machine: ROBBED }],
      ['cores were waited for most of the time', { machine: { stolenShare: 0.02, waitingShare: 0.9 } }],
      ['nobody looked at the machine', { machine: { stillMs: 0 } }],
      ['the line before it was longer', { proxy: 31 }],
      ['it had gone soon', { toMs: 5_000 }],
      ['nobody looked for more than a second', { everyMs: 1_250 }],
      ['there was none', { waiting: 0 }],
    ])('is nobody’s, as far as one can tell, where %s', (_, line) => {
      expect(find(boundedTime, lined(late(), line)).status).toBe('unknown')
    })

    test('nor is it where one of its instances waited for a core itself', () => {
      const waited = (...shares: number[]) => {
        const story = lined(late())
        for (const [n, coreWaitShare] of shares.entries())
          for (let atMs = 3_000; atMs <= 9_000; atMs += 500) story.sample('process', atMs, { coreWaitShare }, String(n + 1))
        return find(boundedTime, story).status
      }
      expect(waited(0.5)).toBe('unknown')
      expect(waited(0.5, 0, 0)).toBe('unknown')
      expect(waited(0.1, 0.2)).toBe('fail')
    })

    test('a call may have stood there until it was given up, and no log knows it', () => {
      expect(find(boundedTime, givenUp()).status).toBe('fail')
      const robbed = lined(givenUp(), { machine: ROBBED })
      expect(find(boundedTime, robbed)).toMatchObject({ status: 'unknown', says: expect.stringContaining('one 6 s where it has nothing') })
      expect(witnesses(robbed, find(boundedTime, robbed))).toMatchObject([{ class: 'lost' }])
      expect(find(boundedTime, lined(givenUp(), { machine: ROBBED, waiting: 0, proxy: 9 })).status).toBe('unknown')
    })

    test.each<[string, Line]>([
      ['the server had its cores', {}],
      ['it was there for half of its time', { machine: ROBBED, toMs: 6_500 }],
      ['there was none', { machine: ROBBED, waiting: 0 }],
      ['nobody looked for more than a second', { machine: ROBBED, everyMs: 1_250 }],
    ])('explains no such call where %s', (_, line) => {
      expect(find(boundedTime, lined(givenUp(), line)).status).toBe('fail')
    })

    test('a line of a few explains no more than twice as many', () => {
      expect(find(boundedTime, lined(givenUp(4), { machine: ROBBED, waiting: 2 })).status).toBe('unknown')
      expect(find(boundedTime, lined(givenUp(5), { machine: ROBBED, waiting: 2 })).status).toBe('fail')
    })

    test('so may a call that was taken in after that, of which the log tells little; where it tells too much it was not the line', () => {
      const logged = (serverMs: number, line: Line) =>
        find(boundedTime, lined(one().call({ of: 'a', atMs: 3_000, answer: gaveUp(), serverMs }), line)).status
      expect(logged(60, { machine: ROBBED })).toBe('unknown')
      expect(logged(2_600, { machine: ROBBED })).toBe('fail')
      expect(logged(60, {})).toBe('fail')
      expect(logged(60, { machine: ROBBED, waiting: 0 })).toBe('fail')
    })

    test('one that is explained hides no other', () => {
      const story = lined(givenUp(), { machine: ROBBED }).call({ of: 'a', atMs: 12_000, answer: gaveUp() })
      expect(find(boundedTime, story)).toMatchObject({ status: 'fail', measured: 1 })
    })
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
