import { describe, expect, test } from 'vitest'
import { gaveUp, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { connectionsStable } from './connections-stable.ts'

const opened = (connections: number) =>
  aRun()
    .agent('a')
    .call({ of: 'a', atMs: 12_000, answer: served() })
    .call({ of: 'a', atMs: 13_000, answer: toolError('INVALID_ARGUMENTS') })
    .attempts(
      'postgres',
      Array.from({ length: connections }, (_, n) => 10_100 + n * 10),
      false,
    )

describe('connections-stable', () => {
  test('holds while no more are opened than the pools hold', () => {
    expect(find(connectionsStable, opened(4))).toMatchObject({ status: 'pass', measured: 4, limit: 4 })
  })

  test('fails with the calls that failed', () => {
    expect(find(connectionsStable, opened(90))).toMatchObject({ status: 'fail', measured: 90, witnesses: [1] })
  })

  test('tells whether as many calls failed as connections were opened', () => {
    expect(find(connectionsStable, opened(90)).says).toMatch(/; meanwhile 1 call ended as \w+$/)
    const story = opened(10)
    for (let n = 0; n < 9; n++) story.call({ of: 'a', atMs: 13_100 + n * 100, answer: toolError('INVALID_ARGUMENTS') })
    expect(find(connectionsStable, story).says).toMatch(/; meanwhile 10 calls ended as \w+, about one for each connection$/)
    // What an API behind has not cost no connection of Postgres.
    for (let n = 0; n < 30; n++) story.call({ of: 'a', role: 'external', atMs: 13_150 + n * 100, answer: toolError('INVALID_ARGUMENTS') })
    expect(find(connectionsStable, story).says).toMatch(/; meanwhile 10 calls ended as \w+, about one for each connection$/)
  })

  test('a pool that always closes idle connections opens them again, and no more than that', () => {
    const steadily = (n: number) =>
      opened(n).attempts(
        'postgres',
        Array.from({ length: 24 }, (_, i) => 2_000 + i * 330),
        false,
      )
    expect(find(connectionsStable, steadily(28))).toMatchObject({ status: 'pass', measured: 28, limit: 28 })
    expect(find(connectionsStable, steadily(40)).status).toBe('fail')
  })

  test('a pool may fill anew every ten seconds: node-postgres closes what was idle for so long', () => {
    const long = (connections: number) => {
      const story = opened(connections)
      for (const phase of story.plan.phases) if (phase.name === 'recovery') Object.assign(phase, { fromMs: 70_000, toMs: 79_000 })
      for (const phase of story.plan.phases) if (phase.name === 'stress') phase.toMs = 70_000
      return find(connectionsStable, story)
    }
    expect(long(24)).toMatchObject({ status: 'pass', limit: 24 })
    expect(long(25).status).toBe('fail')
  })

  test('a call that was given up may cost two: one that cancels its statement, one that takes the place', () => {
    const story = opened(24)
    for (let n = 0; n < 10; n++) story.call({ of: 'a', atMs: 13_100 + n * 100, timeoutMs: 300, answer: gaveUp(300) })
    expect(find(connectionsStable, story)).toMatchObject({ status: 'pass', measured: 24, limit: 24 })
    expect(find(connectionsStable, story.attempts('postgres', [15_000], false)).status).toBe('fail')
  })

  test('cannot tell of a server that goes past the proxy; one that filled its pool before the run does not', () => {
    expect(find(connectionsStable, opened(0))).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('goes past it'),
      witnesses: [0],
    })
    expect(find(connectionsStable, opened(0).attempts('postgres', [-2_000], false))).toMatchObject({ status: 'pass', measured: 0 })
  })

  test('has no weight while a fault breaks connections', () => {
    expect(find(connectionsStable, opened(90).fault('postgres-refused'))).toMatchObject({ status: 'pass', notExercised: true })
    expect(find(connectionsStable, opened(90).fault('upstream-hang', { on: 'upstream' })).status).toBe('fail')
  })

  test.each(['declared.poolMax', 'link:postgres'])('is not judged without %s', (offer) => {
    expect(verdictOf(opened(1).hides(offer, 'line'), 'connections-stable')).toMatchObject({ status: 'not-judged', addLine: 'line' })
  })

  test('is unknown where it is essential and nothing could be looked at', () => {
    const story = opened(1).fault('postgres-refused').check('connections-stable', {}, { essential: true })
    expect(verdictOf(story, 'connections-stable').status).toBe('unknown')
  })
})
