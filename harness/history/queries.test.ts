import { describe, expect, test } from 'vitest'
import { refused, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { faultsOf } from './faults.ts'
import { latenessMs } from './lateness.ts'
import { callsByGenerator, everyIntent, goodIn, intents, isHere, needs, sentIn, wayMs, windowsOf } from './queries.ts'
import { points } from './samples.ts'

describe('intents', () => {
  test('a retry belongs to its first attempt, and one good attempt will do', () => {
    const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: refused() })
    story.call({ of: 'a', atMs: 5_000, parent: story.lastCall, answer: served() })
    const [intent, ...rest] = intents(story.history().calls)
    expect(rest).toEqual([])
    expect(intent).toMatchObject({ good: true, straddles: false })
    expect(intent?.retries).toHaveLength(1)
  })

  test('hostile agents are not measured', () => {
    const story = aRun().agent('a').agent('r', { hostile: true })
    story.call({ of: 'a', atMs: 3_000, answer: served() }).call({ of: 'r', atMs: 3_000, answer: served() })
    expect(intents(story.history().calls).map(({ first }) => first.agent)).toEqual(['a'])
  })

  test('those of hostile agents stand among the others, in the order of time', () => {
    const story = aRun().agent('a').agent('r', { hostile: true })
    story.call({ of: 'a', atMs: 3_000, answer: served() }).call({ of: 'r', atMs: 3_500, answer: served() })
    story.call({ of: 'a', atMs: 4_000, answer: served() }).call({ of: 'r', atMs: 4_500, role: 'handshake', answer: served() })
    expect(everyIntent(story.history().calls).map(({ first }) => first.agent)).toEqual(['a', 'r', 'a'])
  })

  test('an intent that is asked again in another phase straddles', () => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 9_000, answer: toolError('DEPENDENCY_UNAVAILABLE') })
    story.call({ of: 'a', atMs: 10_500, parent: story.lastCall, answer: served() })
    expect(intents(story.history().calls)[0]?.straddles).toBe(true)
  })
})

test('the generator’s calls are what its agents counted, once all of them have said it', () => {
  const story = aRun().agent('a').agent('b')
  story.calls({ of: 'a', fromMs: 2_000, toMs: 4_000, everyMs: 500, answer: served() }).call({ of: 'b', atMs: 3_000 })
  expect(callsByGenerator(story.history())).toBe(5)
  story.silent.add('b')
  expect(callsByGenerator(story.history())).toBeUndefined()
})

test('windows count good and planned, without straddlers and without a rest', () => {
  const story = aRun().agent('a')
  story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 250, answer: served(300) })
  const all = intents(story.history().calls)
  const windows = windowsOf(all, { fromMs: 2_000, toMs: 9_500 })
  expect(windows).toHaveLength(7)
  expect(windows.every(({ good, planned }) => good === 4 && planned === 4)).toBe(true)
  // The one of 9,750 was still in flight when the stress began.
  expect(goodIn(all, { fromMs: 2_000, toMs: 10_000 })).toMatchObject({ good: 31, planned: 31, share: 1 })
})

test('intents of a stretch: from its first moment on, and before its last', () => {
  const story = aRun().agent('a')
  story.calls({ of: 'a', fromMs: 2_000, toMs: 4_000, everyMs: 500, answer: served() })
  const all = intents(story.history().calls)
  const [, second, third] = all.map(({ first }) => first.sentAtMs)
  expect(sentIn(all, { fromMs: second ?? 0, toMs: third ?? 0 })).toEqual([all[1]])
  expect(sentIn(all, { fromMs: 0, toMs: 9_000 })).toEqual(all)
  expect(sentIn(all, { fromMs: 5_000, toMs: 9_000 })).toEqual([])
})

test('needs are as fine as the target says', () => {
  const history = aRun().history()
  expect(needs(history, 'expensiveRead', 'postgres')).toBe(true)
  expect(needs(history, 'cheapRead', 'postgres:orders')).toBe(false)
  expect(needs(history, 'external', 'postgres')).toBe(false)
  expect(needs(history, 'external', 'server')).toBe(true)
})

test('a fault is in force from its injection to the beginning of its healing', () => {
  const [fault] = faultsOf(aRun().fault('postgres-refused').history())
  expect(fault).toMatchObject({ dependency: 'postgres', fromMs: 10_020, toMs: 18_000 })
  expect(fault?.healed?.atMs).toBe(18_100)
})

test('a fault that was never injected has no dependency', () => {
  const story = aRun().fault('postgres-refused')
  story.faults.length = 0
  expect(faultsOf(story.history())[0]).not.toHaveProperty('dependency')
})

test('points of a series, whatever its labels', () => {
  const story = aRun().sample('prometheus', 500, { 'poolWaiting{pool="cheap"}': 3, poolWaitingMax: 9 })
  const one = { atMs: 500, value: 3, series: 'poolWaiting{pool="cheap"} of 1', sampler: 'prometheus' }
  expect(points(story.history(), 'poolWaiting')).toEqual([one])
  expect(points(story.history(), 'poolWaiting', 'process')).toEqual([])
})

test('lateness is that of a task’s first call', () => {
  const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, lateMs: 12, answer: refused() })
  story.call({ of: 'a', atMs: 5_000, lateMs: 400, parent: story.lastCall, answer: served() })
  expect(latenessMs(story.history())).toEqual([12])
})

test('a run that was stopped before its server was up had it nowhere, and no way to it', () => {
  const { manifest, ...history } = aRun().agent('a').history()
  const stopped = { ...history, manifest: { ...manifest, url: '' } }
  expect([isHere(stopped), wayMs(stopped)]).toEqual([false, 0])
})
