import { describe, expect, test } from 'vitest'
import { gaveUp, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { poolBounded } from './pool-bounded.ts'

/** Ten agents call at one moment under stress; `peak` connections are seen then. Declared: 4. */
function burst(peak: number) {
  const story = aRun()
    .agent('a')
    .calls({ of: 'a', fromMs: 2_000, toMs: 9_900, everyMs: 200, answer: served(40) })
  for (let i = 0; i < 10; i++) story.call({ of: 'a', atMs: 12_000, answer: served(400) })
  return story.sample('postgres', 5_000, { connections: 2 }).sample('postgres', 12_200, { connections: peak })
}

describe('pool-bounded', () => {
  test('holds within the declared pools, and says how hard they were pressed', () => {
    expect(find(poolBounded, burst(4))).toMatchObject({
      status: 'pass',
      measured: 4,
      limit: 4,
      says: expect.stringContaining('up to 10 calls at once'),
    })
  })

  test('fails over them, with the calls that were in flight then, and advises a size only where it was kept', () => {
    const story = burst(11)
    const found = find(poolBounded, story)
    expect(found).toMatchObject({ status: 'fail', measured: 11, limit: 4 })
    expect(witnesses(story, found)).toHaveLength(10)
    // The size is not kept: another one would not be either.
    expect(found.advice).toBeUndefined()
    expect(find(poolBounded, burst(4)).advice).toEqual([
      { setting: 'declared.poolMax', present: '4', suggested: '2 (busiest second 10 calls × 40 ms each, twice over)' },
    ])
  })

  test('connections of calls that were just given up may be closing, on a slow link later; what stays is too many', () => {
    const givenUp = (peak: number, calls: number, endedAtMs = 12_000) => {
      const story = burst(peak)
      for (let n = 0; n < calls; n++) story.call({ of: 'a', atMs: endedAtMs - 301, timeoutMs: 300, answer: gaveUp(300) })
      return story
    }
    expect(find(poolBounded, givenUp(6, 2))).toMatchObject({ status: 'unknown', says: expect.stringContaining('not yet gone') })
    expect(find(poolBounded, givenUp(7, 2))).toMatchObject({ status: 'fail', measured: 7 })
    expect(find(poolBounded, givenUp(6, 2, 11_000)).status).toBe('fail')
    const slow = givenUp(6, 2, 11_000).fault('postgres-latency', { parameters: { delayMs: 900 } })
    expect(find(poolBounded, slow).status).toBe('unknown')
    expect(find(poolBounded, givenUp(6, 2).sample('postgres', 14_000, { connections: 6 })).status).toBe('fail')
  })

  test('one reading beyond, between two within, is calls given up that were under way at the first: what they held was counted there', () => {
    const between = (peak: number, before: number, after: number, calls = 2) => {
      const story = burst(peak)
      for (let n = 0; n < calls; n++) story.call({ of: 'a', atMs: 11_700, timeoutMs: 400, answer: gaveUp(400) })
      return story.sample('postgres', 11_950, { connections: before }).sample('postgres', 12_450, { connections: after })
    }
    expect(find(poolBounded, between(6, 4, 4))).toMatchObject({
      status: 'pass',
      measured: 4,
      says: expect.stringMatching(
        /^at most 4 connections of 4.*; 6 in the reading at 12.2 s, those of calls given up just before among them$/,
      ),
    })
    expect(find(poolBounded, between(6, 5, 4)).status).toBe('fail')
    expect(find(poolBounded, between(6, 4, 5)).status).toBe('unknown')
    expect(find(poolBounded, between(6, 4, 4, 1)).status).toBe('fail')
    // Sent after the reading before: they may have had connections of their own since.
    const later = burst(6).sample('postgres', 11_950, { connections: 4 }).sample('postgres', 12_450, { connections: 4 })
    for (let n = 0; n < 2; n++) later.call({ of: 'a', atMs: 11_960, timeoutMs: 200, answer: gaveUp(200) })
    expect(find(poolBounded, later).status).toBe('unknown')
  })

  test('counts all instances', () => {
    const story = burst(8)
    story.manifest.declared.instances = 2
    expect(find(poolBounded, story)).toMatchObject({ status: 'pass', limit: 8 })
  })

  test('where nobody declares how many instances there are, those count that answered', () => {
    const story = burst(8)
    delete story.manifest.declared.instances
    expect(find(poolBounded, story)).toMatchObject({ status: 'fail', limit: 4 })
    for (const instance of ['pod-7c', 'pod-9f']) story.call({ of: 'a', atMs: 3_000, answer: served(40, { instance }) })
    expect(find(poolBounded, story)).toMatchObject({ status: 'pass', limit: 8 })
  })

  test('fails when the database said that it was out of connections, seen in a sample or not', () => {
    const pooler = 'no more connections allowed (max_client_conn)'
    for (const message of ['sorry, too many clients already', 'too many connections for database "ledger"', pooler]) {
      const story = burst(4).call({ of: 'a', atMs: 13_000, answer: toolError('INTERNAL', 5, { message }) })
      const found = find(poolBounded, story)
      expect(found, message).toMatchObject({ status: 'fail', says: expect.stringContaining('53300') })
      expect(witnesses(story, found)).toMatchObject([{ class: 'server-error' }])
    }
  })

  test('connections that a fault took away are not of its making', () => {
    const story = burst(4).call({ of: 'a', atMs: 13_000, answer: toolError('DEPENDENCY_UNAVAILABLE', 5, { message: 'SQLSTATE 53300' }) })
    expect(find(poolBounded, story).status).toBe('fail')
    expect(find(poolBounded, story.fault('postgres-connections-exhausted')).status).toBe('pass')
  })

  test('cannot tell when it watched a role that nobody uses: calls were served, and not one connection was seen', () => {
    const story = burst(0)
    for (const { values } of story.samples) values.connections = 0
    story.manifest.observed.postgresRole = 'no_such_app'
    expect(find(poolBounded, story)).toMatchObject({
      status: 'unknown',
      says: "no connection of role 'no_such_app' was ever seen: mend observe.postgres.role",
    })
  })

  test('a result that happens to hold the number is no failure', () => {
    const answer = served(5, { message: 'order 53300' })
    expect(find(poolBounded, burst(4).call({ of: 'a', atMs: 13_000, answer })).status).toBe('pass')
  })

  test('cannot tell without a sample under stress', () => {
    const story = burst(4)
    story.samples.length = 1
    expect(find(poolBounded, story).status).toBe('unknown')
  })

  test.each(['declared.poolMax', 'observe.postgres'])('is not judged without %s', (offer) => {
    expect(verdictOf(burst(11).hides(offer, offer), 'pool-bounded')).toMatchObject({ status: 'not-judged', addLine: offer })
  })
})
