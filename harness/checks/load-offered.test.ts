import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { loadOffered } from './load-offered.ts'

const beat = (lateMs = 1) => aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 100, lateMs, answer: served() })

describe('load-offered', () => {
  test('holds when every task left on time and every line is there', () => {
    expect(find(loadOffered, beat())).toMatchObject({ status: 'pass', measured: 1, limit: 50, unit: 'ms', samples: 80 })
  })

  test('cannot tell when tasks left late, and names the latest', () => {
    const story = beat()
      .call({ of: 'a', atMs: 11_000, lateMs: 400, answer: served() })
      .call({ of: 'a', atMs: 11_200, lateMs: 300, answer: served() })
    const found = find(loadOffered, story)
    expect(found.status).toBe('unknown')
    expect(witnesses(story, found).map(({ sentAtMs }) => sentAtMs)).toEqual([11_400, 11_500])
  })

  test('one late task of many is the machine’s, not the run’s', () => {
    const story = beat().agent('b').calls({ of: 'b', fromMs: 2_000, toMs: 10_000, everyMs: 100, answer: served() })
    expect(find(loadOffered, story.call({ of: 'a', atMs: 11_000, lateMs: 400, answer: served() })).status).toBe('pass')
  })

  test('cannot tell when a task never started', () => {
    const story = beat()
    story.plan.agents[0]?.tasks.push({ task: 't99', atMs: 26_000, calls: [] })
    const stop = { kind: 'stop' as const, seq: story.load.length, agent: 'a', tasksStarted: 80, callsSent: 80, atMs: 27_000 }
    story.silent.add('a')
    story.load.push(stop)
    expect(find(loadOffered, story)).toMatchObject({ status: 'unknown', says: '1 of 81 tasks never started' })
  })

  test('cannot tell when a line is missing', () => {
    const story = beat()
    story.load.splice(10, 1)
    expect(find(loadOffered, story)).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('missing or doubled in the record of a'),
    })
  })

  test('cannot tell when an agent counted other calls than its record has', () => {
    const story = beat().agent('b').agent('c')
    for (const [of, callsSent] of [
      ['b', 2],
      ['c', 1],
    ] as const) {
      story.silent.add(of)
      story.load.push({ kind: 'stop', seq: 1, agent: of, tasksStarted: 0, callsSent, atMs: 27_000 })
    }
    expect(find(loadOffered, story)).toMatchObject({
      status: 'unknown',
      says: 'b counted 2 calls that it sent, its record has 0; so it is with 1 more',
    })
  })

  test('cannot tell when an agent’s record has no end', () => {
    const story = beat()
    story.silent.add('a')
    expect(find(loadOffered, story)).toMatchObject({ status: 'unknown', says: 'the record of a has no end' })
  })

  test('cannot tell when a persona crashed', () => {
    const story = beat()
    story.load.push({ kind: 'crash', seq: story.load.length, agent: 'a', task: 't1', text: 'TypeError: x' })
    expect(find(loadOffered, story)).toMatchObject({ status: 'unknown', says: '1 persona crashed, first a: TypeError: x' })
  })

  test('cannot tell when the clocks drifted, or were not read', () => {
    const drifted = beat()
    drifted.clocks.push({ atMs: (drifted.clocks[0]?.atMs ?? 0) + 10_000, monotonicMs: 15_030 })
    expect(find(loadOffered, drifted)).toMatchObject({ status: 'unknown', says: expect.stringContaining('30 ms') })
    const unread = beat()
    unread.clocks.length = 1
    expect(find(loadOffered, unread).status).toBe('unknown')
  })

  test('cannot tell when nothing was sent', () => {
    expect(find(loadOffered, aRun().agent('a'))).toMatchObject({ status: 'unknown', says: 'no call was sent at all' })
  })
})
