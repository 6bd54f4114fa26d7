import { describe, expect, test } from 'vitest'
import { gaveUp, refused, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { fairHardened, hardened } from '../../tests/fixtures/histories/hardened.ts'
import { judged, statuses, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { discover, Units } from '../discover.ts'
import { type CheckDefinition, check } from './check.ts'
import { judge } from './judge.ts'

const gates = { 'load-offered': 'pass', 'fault-felt': 'pass', 'baseline-steady': 'pass' }
const checks = {
  'breaker-opens': 'pass',
  recovers: 'pass',
  'bounded-time': 'pass',
  'effects-once': 'pass',
  'retry-after-valid': 'pass',
  'pool-bounded': 'pass',
  'queue-bounded': 'pass',
}

/** What every check of the plan becomes when a gate does not hold. */
const allUnknown = Object.fromEntries(Object.keys(checks).map((id) => [id, 'unknown']))

/** Takes one thing of a hardened run away, or adds one. */
type Mutator = (story: Story) => void

const dropRetryAfter: Mutator = ({ load }) => {
  for (const line of load) {
    if (line.kind !== 'end' || line.retryAfter === undefined) continue
    delete line.retryAfter
    return
  }
}
const doubleRow: Mutator = ({ effects }) => {
  const [first] = effects
  if (first) Object.assign(first, { rows: 2, names: [...first.names, 'INV-9999'] })
}
const leaveLate: Mutator = ({ sends }) => {
  for (const send of sends.slice(0, 40)) send.sentAtMs += 200
}
const dropHealed: Mutator = ({ faults }) => {
  faults.splice(
    faults.findIndex(({ event }) => event === 'healed'),
    1,
  )
}
const dropLine: Mutator = ({ load }) => {
  load.splice(
    load.findIndex((line) => line.kind === 'end'),
    1,
  )
}
const knockOn: Mutator = (story) => {
  story.attempts(
    'postgres',
    Array.from({ length: 150 }, (_, i) => 10_050 + i * 52),
  )
}
const openMore: Mutator = (story) => void story.sample('postgres', 12_000, { connections: 9 })
const queueMore: Mutator = (story) => void story.sample('prometheus', 12_000, { poolWaiting: 9 })
const hang: Mutator = (story) => void story.call({ of: 'steady-01', atMs: 25_000, answer: served(20), serverMs: 9_000 })
const stayDown: Mutator = ({ load }) => {
  for (const line of load) if (line.kind === 'end' && line.endedAtMs > 18_200) Object.assign(line, { status: 500, parsed: false })
}
const wavers: Mutator = (story) => {
  for (let i = 0; i < 12; i++) story.call({ of: 'steady-01', atMs: 6_500 + i * 100, answer: toolError('INTERNAL'), serverMs: 3 })
}

describe('a hardened run', () => {
  test('passes, every check of it', () => {
    const verdicts = judged(hardened())
    expect(statuses(hardened())).toEqual({ ...gates, ...checks })
    expect(verdicts).toMatchObject({ status: 'pass', exitCode: 0, headline: '10 of 10 judged, all held' })
  })

  test('passes with a runaway among steady agents', () => {
    expect(judged(fairHardened())).toMatchObject({ status: 'pass', exitCode: 0 })
  })

  test('is judged the same twice', () => {
    expect(judged(fairHardened())).toEqual(judged(fairHardened()))
  })
})

describe('one thing changed, and exactly the checks that should notice turn', () => {
  test.each<[string, Mutator, Record<string, string>, 1 | 2]>([
    ['a Retry-After is gone', dropRetryAfter, { 'retry-after-valid': 'fail' }, 1],
    ['a row is doubled', doubleRow, { 'effects-once': 'fail' }, 1],
    ['attempts go on', knockOn, { 'breaker-opens': 'fail' }, 1],
    ['more connections', openMore, { 'pool-bounded': 'fail' }, 1],
    ['more callers wait', queueMore, { 'queue-bounded': 'fail' }, 1],
    ['a call outlives its deadline', hang, { 'bounded-time': 'fail' }, 1],
    ['nobody recovers', stayDown, { recovers: 'fail' }, 1],
    ['tasks leave late', leaveLate, { 'load-offered': 'unknown', ...allUnknown }, 2],
    ['a line is gone', dropLine, { 'load-offered': 'unknown', ...allUnknown }, 2],
    ['the heal was not seen', dropHealed, { 'fault-felt': 'unknown', ...allUnknown }, 2],
    ['the baseline wavers', wavers, { 'baseline-steady': 'unknown', recovers: 'unknown' }, 2],
  ])('%s', (_what, mutate, turned, exitCode) => {
    const story = hardened()
    mutate(story)
    expect(statuses(story)).toEqual({ ...gates, ...checks, ...turned })
    expect(judged(story).exitCode).toBe(exitCode)
  })
})

describe('a gate that does not hold', () => {
  test('never erases what an exact check has witnessed', () => {
    const story = hardened()
    leaveLate(story)
    doubleRow(story)
    expect(statuses(story)).toMatchObject({ 'load-offered': 'unknown', 'effects-once': 'fail', recovers: 'unknown' })
    expect(judged(story).exitCode).toBe(1)
  })

  test('turns the fail of a statistical or event check into unknown, and says which gate', () => {
    const story = hardened()
    leaveLate(story)
    stayDown(story)
    const verdict = verdictOf(story, 'recovers')
    expect(verdict.status).toBe('unknown')
    expect(verdict.because).toMatch(/^load-offered does not hold .* it would have failed$/)
    expect(verdict.witnesses.length).toBeGreaterThan(0)
  })

  test('is no matter to a run in which nothing rests on it', () => {
    const story = hardened()
    wavers(story)
    story.plan.checks = [{ check: 'effects-once', limits: {} }]
    expect(statuses(story)).toMatchObject({ 'baseline-steady': 'unknown', 'effects-once': 'pass' })
    expect(judged(story).exitCode).toBe(0)
  })

  test('fault-felt is left out when the plan has no fault', () => {
    expect(Object.keys(statuses(fairHardened()))).not.toContain('fault-felt')
  })

  test('takes the limits that the scenario gives it', () => {
    const story = hardened()
    leaveLate(story)
    expect(statuses(story.check('load-offered', { latenessMs: 300 }))).toMatchObject({ 'load-offered': 'pass', 'effects-once': 'pass' })
  })
})

describe('a run that was stopped', () => {
  test.each(['aborted', 'running'] as const)('%s: passes become unknown', (state) => {
    const story = hardened()
    story.manifest.state = state
    expect(new Set(Object.values(statuses(story)))).toEqual(new Set(['unknown']))
    expect(judged(story)).toMatchObject({ status: 'unknown', exitCode: 2 })
  })

  test('what an exact check has witnessed stays', () => {
    const story = hardened()
    doubleRow(story)
    story.manifest.state = 'aborted'
    expect(judged(story)).toMatchObject({ status: 'fail', exitCode: 1 })
  })
})

describe('what is not judged', () => {
  test('changes nothing, but is said', () => {
    const story = hardened().hides('effects', "tools.write.effects: { sql: '…' }")
    expect(judged(story)).toMatchObject({ status: 'pass', exitCode: 0, headline: '9 of 10 judged, all held; 1 not judged' })
    expect(verdictOf(story, 'effects-once')).toMatchObject({ status: 'not-judged', addLine: "tools.write.effects: { sql: '…' }" })
  })

  test('is exit 2 when the check is essential', () => {
    const story = hardened().hides('effects', '…')
    story.plan.essential.push('effects-once')
    expect(judged(story)).toMatchObject({ status: 'unknown', exitCode: 2, headline: expect.stringContaining('effects-once, essential') })
  })

  test('is exit 2 when nothing else was judged', () => {
    const story = hardened().hides('declared.poolMax', '…')
    story.plan.checks = [{ check: 'pool-bounded', limits: {} }]
    expect(judged(story)).toMatchObject({ status: 'unknown', exitCode: 2, headline: expect.stringContaining('nothing was judged') })
  })

  test('is a fail’s headline too', () => {
    const story = hardened().hides('declared.poolMax', '…')
    doubleRow(story)
    expect(judged(story).headline).toMatch(/^effects-once failed: .* \(9 of 10 judged, 1 not judged: the target does not show enough\)$/)
  })
})

describe('a check that had nothing to look at', () => {
  const calm = () => aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 26_900, everyMs: 100, answer: served() }).check('bounded-time')

  test('is a pass that the headline does not count', () => {
    const story = calm().check('retry-after-valid')
    expect(statuses(story)).toMatchObject({ 'retry-after-valid': 'pass' })
    expect(judged(story)).toMatchObject({ exitCode: 0, headline: '3 of 4 judged, all held' })
  })

  test('is unknown when it is essential', () => {
    const story = calm().check('retry-after-valid', {}, { essential: true })
    expect(verdictOf(story, 'retry-after-valid')).toMatchObject({ status: 'unknown', because: expect.stringContaining('not exercised') })
    expect(judged(story).exitCode).toBe(2)
  })

  test('is not judged where the target promises nothing of it: a server without a limiter, whom a loop did not hurt, is told so', () => {
    const line = 'declared: { perAgent: { ratePerMinute: 60, burst: 10 } }'
    const story = calm()
      .agent('loop', { hostile: true })
      .calls({ of: 'loop', fromMs: 10_000, toMs: 17_900, everyMs: 100, answer: served() })
      .check('retry-after-valid', {}, { essential: true })
      .hides('declared.perAgent', line)
    const because = 'no call was refused, none of the 79 that runaway agents sent: no limit was met'
    expect(verdictOf(story, 'retry-after-valid')).toMatchObject({ status: 'not-judged', addLine: line, because, essential: false })
    expect(judged(story)).toMatchObject({ exitCode: 0, headline: `3 of 4 judged, all held; 1 not judged (${because})` })
  })
})

describe('what goes wrong in judging itself', () => {
  const crashing = check({
    code: 'X1',
    title: 'Always crashes',
    why: 'To show that it does not take the others with it.',
    remedy: { control: 'none', do: 'Nothing.' },
    source: 'ours',
    sort: 'exact',
    needs: [],
    limits: {},
    judge: () => {
      throw new Error('a division by zero, so to speak')
    },
  })

  test('a check that crashes is unknown, and the others are judged', async () => {
    const all = await discover<CheckDefinition>('check', import.meta.dirname)
    const units = new Units<CheckDefinition>('check', [
      ...all.all,
      { id: 'always-crashes', path: '', exportName: 'crashing', value: crashing.definition as unknown as CheckDefinition },
    ])
    const { verdicts, exitCode } = judge(hardened().check('always-crashes').history(), units)
    expect(verdicts.find(({ check: id }) => id === 'always-crashes')).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('so to speak'),
    })
    expect(verdicts.filter(({ status }) => status === 'pass')).toHaveLength(10)
    expect(exitCode).toBe(2)
  })

  test('a check that this harness does not have is unknown', () => {
    expect(verdictOf(hardened(), 'not-yet-written')).toMatchObject({
      status: 'unknown',
      because: expect.stringContaining('not-yet-written'),
    })
  })

  test('a limit that is out of range is unknown', () => {
    expect(verdictOf(hardened().check('fairness', { goodShare: 95 }), 'fairness')).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('goodShare'),
    })
  })

  test('a history of nothing is unknown, not a crash', () => {
    const story = aRun()
    for (const id of Object.keys(checks)) story.check(id)
    const { exitCode, verdicts } = judged(story.fault('postgres-refused'))
    expect(exitCode).toBe(2)
    expect(verdicts.filter(({ says }) => says.includes('crashed'))).toEqual([])
  })
})

test('a margin is room when it held, excess when it did not', () => {
  const story = hardened()
  expect(verdictOf(story, 'breaker-opens').margin).toBeGreaterThan(0)
  openMore(story)
  expect(verdictOf(story, 'pool-bounded').margin).toBe(-1.25)
})

test('every fail names witnesses, a control and what to do', () => {
  const story = hardened()
  for (const mutate of [dropRetryAfter, doubleRow, knockOn, openMore, queueMore, hang, stayDown]) mutate(story)
  const failed = judged(story).verdicts.filter(({ status }) => status === 'fail')
  expect(failed.map(({ check: id }) => id).sort()).toEqual(Object.keys(checks).sort())
  for (const { check: id, witnesses, remedy, why } of failed) {
    expect(witnesses.length, id).toBeGreaterThan(0)
    expect(witnesses.length, id).toBeLessThanOrEqual(20)
    expect(remedy.control.length * remedy.do.length * why.length, id).toBeGreaterThan(0)
  }
})

test('lost and refused calls of agents under stress do not disturb the gates', () => {
  const story = hardened()
    .call({ of: 'steady-01', atMs: 12_000, answer: gaveUp(), serverMs: 1_000 })
    .call({ of: 'steady-02', atMs: 12_000, answer: refused() })
  expect(statuses(story)).toMatchObject(gates)
})
