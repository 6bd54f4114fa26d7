import { describe, expect, test } from 'vitest'
import { type Answer, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { priorityOrder } from './priority-order.ts'

const shed = (afterMs = 4): Answer => ({
  afterMs,
  evidence: { status: 503, parsed: true, retryAfter: '2', data: { code: 'OVERLOADED', retryable: true, retryAfterMs: 1_500 } },
})

/** A payment and a nightly job, each with an answer; the job leaves so much later. */
function twoOf(payment: Answer, job: Answer, { laterMs = 20, onTwo = false } = {}) {
  const story = aRun().agent('payments').agent('nightly')
  for (const [agent, priority] of [
    ['payments', 'critical'],
    ['nightly', 'batch'],
  ] as const) {
    const planned = story.plan.agents.find((one) => one.agent === agent)
    if (planned) planned.priority = priority
  }
  const at = (answer: Answer, instance: string): Answer => ({ ...answer, evidence: { ...answer.evidence, instance } })
  if (onTwo) story.manifest.declared.instances = 2
  story.call({ of: 'payments', atMs: 11_000, answer: at(payment, 'one') })
  story.call({ of: 'nightly', atMs: 11_000 + laterMs, answer: at(job, onTwo ? 'two' : 'one') })
  return story
}

describe('priority-order', () => {
  test('holds when the job is turned away and the payment served', () => {
    expect(find(priorityOrder, twoOf(served(), shed()))).toMatchObject({ status: 'pass', measured: 0, samples: 2 })
  })

  test('fails when the payment is turned away and the job let in, and names both', () => {
    const story = twoOf(shed(), served())
    const found = find(priorityOrder, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1, limit: 0 })
    expect(witnesses(story, found).map(({ agent }) => agent)).toEqual(['payments', 'nightly'])
  })

  test('looks at what is surely near in time, and on one instance', () => {
    expect(find(priorityOrder, twoOf(shed(), served(), { laterMs: 90 })).status).toBe('pass')
    expect(find(priorityOrder, twoOf(shed(), served(), { onTwo: true })).status).toBe('pass')
    expect(find(priorityOrder, twoOf(shed(), served(), { laterMs: 90 }), { togetherMs: 200 }).status).toBe('fail')
  })

  test('two instances that nobody declared are two all the same', () => {
    const story = twoOf(shed(), served(), { onTwo: true })
    delete story.manifest.declared.instances
    expect(find(priorityOrder, story).status).toBe('pass')
  })

  test('a full line before another pool is no choice between the two', () => {
    const full: Answer = { afterMs: 4, evidence: { status: 503, parsed: true, data: { code: 'QUEUE_FULL', retryAfterMs: 500 } } }
    const story = twoOf(full, served())
    expect(find(priorityOrder, story).status).toBe('fail')
    for (const send of story.sends.filter(({ agent }) => agent === 'nightly')) send.tool = 'list_reports'
    expect(find(priorityOrder, story).status).toBe('pass')
  })

  test('a long stay in the server does not hide when it was let in', () => {
    const slow = twoOf(shed(), served(900))
    expect(find(priorityOrder, slow).status).toBe('pass')
    slow.server.set(slow.lastCall, { instance: '1', durationMs: 895 })
    expect(find(priorityOrder, slow).status).toBe('fail')
  })

  /** A payment each 100 ms and five calls of the job; of twenty payments `payments` are turned away, of five job calls `jobs`. */
  const crowd = (payments: number, jobs: number, answer = shed()) => {
    const story = twoOf(served(), served())
    for (let n = 0; n < 60; n++) {
      story.call({ of: 'payments', atMs: 12_000 + n * 100, answer: n % 20 < payments ? answer : served(5) })
      for (let k = 0; k < 5; k++) story.call({ of: 'nightly', atMs: 12_010 + n * 100 + k * 15, answer: k < jobs ? answer : served(5) })
    }
    return find(priorityOrder, story)
  }

  test('room kept for critical calls may have been full for a moment: unknown where batch goes first all the same, a fail where it does not', () => {
    expect(crowd(1, 4)).toMatchObject({ status: 'unknown', measured: 3, says: expect.stringContaining('far more seldom than batch') })
    expect(crowd(16, 4)).toMatchObject({ status: 'fail', measured: 48 })
    expect(crowd(1, 0)).toMatchObject({ status: 'fail', measured: 3 })
  })

  test('what a proxy answers for a server that it did not reach is no choice of the server', () => {
    const badGateway: Answer = { afterMs: 4, evidence: { status: 502, contentType: 'text/html', parsed: false } }
    expect(find(priorityOrder, twoOf(shed(), badGateway)).status).toBe('pass')
    const unreached: Answer = { afterMs: 4, evidence: { status: 503, parsed: false, message: 'no healthy upstream' } }
    expect(find(priorityOrder, twoOf(unreached, served()))).toMatchObject({ status: 'pass', notExercised: true })
  })

  test('a refusal by a budget of its own is no choice; with nothing turned away there was none', () => {
    const refused: Answer = { afterMs: 4, evidence: { status: 429, parsed: true, retryAfter: '2', data: { code: 'RATE_LIMITED' } } }
    expect(find(priorityOrder, twoOf(refused, served()))).toMatchObject({ status: 'pass', notExercised: true })
    expect(find(priorityOrder, twoOf(served(), served()))).toMatchObject({ status: 'pass', notExercised: true })
  })

  test('is unknown where it is essential and nothing had to be chosen, and not judged when the target names no priorities', () => {
    const calm = twoOf(served(), served()).check('priority-order', {}, { essential: true })
    expect(verdictOf(calm, 'priority-order').status).toBe('unknown')
    expect(verdictOf(twoOf(shed(), served()).hides('priorities', 'x'), 'priority-order')).toMatchObject({
      status: 'not-judged',
      addLine: 'x',
    })
  })
})
