// Checks of targets that do not show what they need: what shows from outside is judged and called inferred, the rest is not judged.
import { describe, expect, test } from 'vitest'
import { gaveUp, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { judged, verdictOf } from '../../tests/fixtures/histories/judged.ts'

const PG = 'observe: { postgres: { … } }'
const hidden = (offer: string) => aRun().agent('a').hides(offer, PG)
const steadily = (story: Story) => story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 100, answer: served(40) })

describe('bounded-time without deadlines', () => {
  const quick = () => steadily(hidden('deadlines'))
  const patient = (story: Story) => {
    story.plan.patienceMs = 30_000
    story.plan.endsAtMs = 60_000
    return story
  }

  test('holds when everybody had an answer, and says that it is inferred and what would show more', () => {
    const verdict = verdictOf(quick(), 'bounded-time')
    expect(verdict).toMatchObject({
      status: 'pass',
      evidence: 'inferred',
      addLine: PG,
      samples: 80,
      says: expect.stringContaining('not declared'),
    })
  })

  test('fails when a tool that is quick leaves a patient caller without any answer', () => {
    const story = patient(steadily(hidden('deadlines')))
    for (const send of story.sends) send.timeoutMs = 30_000
    const verdict = verdictOf(story.call({ of: 'a', atMs: 12_000, timeoutMs: 30_000, answer: gaveUp(30_000) }), 'bounded-time')
    expect(verdict).toMatchObject({ status: 'fail', evidence: 'inferred', measured: 1 })
    expect(verdict.witnesses).toHaveLength(1)
  })

  test('a short patience proves nothing when it is spent; nor does silence that the fault itself made, nor a tool that is slow', () => {
    const spent = quick().call({ of: 'a', atMs: 12_000, answer: gaveUp() })
    expect(verdictOf(spent, 'bounded-time').status).toBe('not-judged')
    const frozen = quick().call({ of: 'a', atMs: 12_000, answer: gaveUp() }).fault('server-frozen', { on: 'server' })
    expect(verdictOf(frozen, 'bounded-time').status).toBe('pass')
    const slow = hidden('deadlines').calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 100, answer: served(4_000) })
    expect(verdictOf(slow, 'bounded-time').status).toBe('not-judged')
  })
})

describe('queue-bounded without metrics', () => {
  const loaded = (afterMs: number, everyMs = 20) =>
    steadily(hidden('observe.metrics.poolWaiting')).calls({
      of: 'a',
      fromMs: 10_000,
      toMs: 18_000,
      everyMs,
      timeoutMs: 30_000,
      answer: served(afterMs),
    })

  test('fails when calls that nothing breaks are served, but seconds later than usual', () => {
    const verdict = verdictOf(loaded(7_000), 'queue-bounded')
    expect(verdict).toMatchObject({
      status: 'fail',
      evidence: 'inferred',
      addLine: PG,
      says: expect.stringContaining('7 s later than usual'),
    })
    expect(verdict.witnesses.length).toBeGreaterThan(0)
  })

  test('a tool that always takes long for some questions has no line before it', () => {
    const story = loaded(300)
    const ends = story.load.filter((line) => line.kind === 'end')
    for (const line of ends.filter((_, n) => n % 25 === 0)) line.endedAtMs += 6_500
    expect(verdictOf(story, 'queue-bounded').status).not.toBe('fail')
  })

  test('holds when load made them little later', () => {
    expect(verdictOf(loaded(200), 'queue-bounded')).toMatchObject({ status: 'pass', evidence: 'inferred' })
  })

  test('says nothing in between, without load, or where a fault slows the work itself', () => {
    expect(verdictOf(loaded(3_000), 'queue-bounded').status).toBe('not-judged')
    expect(verdictOf(loaded(40, 100), 'queue-bounded').status).toBe('not-judged')
    expect(verdictOf(loaded(7_000).fault('postgres-latency'), 'queue-bounded').status).toBe('not-judged')
  })
})

describe('pool-bounded without the database', () => {
  const spent = () =>
    hidden('observe.postgres').call({
      of: 'a',
      atMs: 12_000,
      answer: toolError('INTERNAL', 30, { message: 'sorry, too many clients already' }),
    })

  test('fails when the database was heard to be out of connections, and is not judged when it was not', () => {
    expect(verdictOf(spent(), 'pool-bounded')).toMatchObject({ status: 'fail', evidence: 'inferred', witnesses: [0] })
    expect(verdictOf(steadily(hidden('observe.postgres')), 'pool-bounded')).toMatchObject({ status: 'not-judged', addLine: PG })
  })

  test('not when a fault took the connections away', () => {
    expect(verdictOf(spent().fault('postgres-connections-exhausted'), 'pool-bounded').status).toBe('not-judged')
  })
})

describe('effects-once without a look at the rows', () => {
  const twice = (second: string) => {
    const story = hidden('effects').call({ of: 'a', atMs: 3_000, role: 'write', key: 'k', answer: served(20) })
    return story.call({ of: 'a', atMs: 4_000, role: 'write', key: 'k', parent: story.lastCall, answer: served(20, { hash: second }) })
  }

  test('fails when the same key got two answers; that they agree proves nothing', () => {
    expect(verdictOf(twice('other'), 'effects-once')).toMatchObject({ status: 'fail', evidence: 'inferred' })
    expect(verdictOf(twice('a1b2c3d4'), 'effects-once').status).toBe('not-judged')
  })
})

test('the headline counts what was judged from outside', () => {
  const story = steadily(hidden('deadlines')).check('bounded-time').check('recovers')
  expect(judged(story).headline).toMatch(/\d of \d judged, 1 of them from outside/)
})
