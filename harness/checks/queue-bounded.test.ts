import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { queueBounded } from './queue-bounded.ts'

// Declared: at most 8 wait, for at most 400 ms.
const sampled = (values: Record<string, number>) =>
  aRun()
    .agent('a')
    .call({ of: 'a', atMs: 12_000, answer: served(800) })
    .call({ of: 'a', atMs: 20_000, answer: served() })
    .sample('prometheus', 12_200, values)

describe('queue-bounded', () => {
  test('holds within the caps, series by series', () => {
    const story = sampled({ 'poolWaiting{pool="cheap"}': 8, 'poolWaiting{pool="write"}': 8, poolWaitSecondsMax: 0.45 })
    expect(find(queueBounded, story)).toMatchObject({ status: 'pass', measured: 8, limit: 8 })
  })

  test('fails when more wait, with the calls that were in flight then', () => {
    const story = sampled({ 'poolWaiting{pool="cheap"}': 31 })
    const found = find(queueBounded, story)
    expect(found).toMatchObject({ status: 'fail', measured: 31, says: expect.stringContaining('pool="cheap"') })
    expect(witnesses(story, found).map(({ sentAtMs }) => sentAtMs)).toEqual([12_001])
    expect(found.advice?.[0]).toMatchObject({ setting: 'QUEUE_MAX', present: '8' })
  })

  test('a high-water mark shows what no sample saw', () => {
    expect(find(queueBounded, sampled({ poolWaiting: 0, poolWaitingMax: 40 }))).toMatchObject({ status: 'fail', measured: 40 })
  })

  test('what stood at its highest before the first call is not of this load, unless it rises', () => {
    const old = { poolWaiting: 0, poolWaitingMax: 40, poolWaitSecondsMax: 2.5 }
    const then = (later: Record<string, number>) => find(queueBounded, sampled({ ...old, ...later }).sample('prometheus', 500, old))
    expect(then({})).toMatchObject({ status: 'pass', measured: 0 })
    expect(then({ poolWaitingMax: 41 })).toMatchObject({ status: 'fail', measured: 41 })
    expect(then({ poolWaitSecondsMax: 2.6 })).toMatchObject({ status: 'fail', says: expect.stringContaining('one waited 2.6 s') })
  })

  test('fails when one waited too long', () => {
    const found = find(queueBounded, sampled({ poolWaiting: 3, poolWaitSecondsMax: 2.5 }))
    expect(found).toMatchObject({ status: 'fail', says: expect.stringContaining('one waited 2.5 s, allowed are 400 ms') })
    expect(found.advice?.[0]).toMatchObject({ setting: 'ACQUIRE_TIMEOUT_MS', present: '400' })
  })

  test('a long wait alone follows from who holds what is waited for, and is told beside late timers', () => {
    const late = find(queueBounded, sampled({ poolWaiting: 3, poolWaitSecondsMax: 2.5, loopDelaySecondsP99: 0.344 }))
    expect(late.follows).toEqual(['pool-bounded', 'cancel-propagates'])
    expect(late.says).toContain('while timers came up to 344 ms late')
    expect(find(queueBounded, sampled({ poolWaiting: 31, poolWaitSecondsMax: 2.5 })).follows).toBeUndefined()
  })

  test('cannot tell without samples', () => {
    expect(find(queueBounded, aRun()).status).toBe('unknown')
  })

  test.each(['declared.queueMax', 'observe.metrics.poolWaiting'])('is not judged without %s', (offer) => {
    expect(verdictOf(sampled({}).hides(offer, offer), 'queue-bounded')).toMatchObject({ status: 'not-judged', addLine: offer })
  })
})
