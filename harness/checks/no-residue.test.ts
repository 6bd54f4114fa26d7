import { describe, expect, test } from 'vitest'
import { gaveUp, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { noResidue } from './no-residue.ts'

/** The last call ends at 20 s; the server is looked at until `untilMs`, and then shows this. */
function leaving(last: Record<string, number>, untilMs = 26_000) {
  const story = aRun()
    .agent('a')
    .call({ of: 'a', atMs: 15_000, answer: gaveUp(500) })
    .call({ of: 'a', atMs: 19_900, answer: served(99) })
  for (let atMs = 0; atMs <= untilMs; atMs += 500) {
    const values = { inFlight: atMs >= 15_000 && atMs < 20_500 ? 3 : 0, 'poolWaiting{pool="cheap"}': 0, leases: 0, idleInTransaction: 0 }
    story.sample('prometheus', atMs, atMs > 20_500 ? { ...values, ...last } : values)
    story.sample('process', atMs, { handles: atMs < 1_000 ? 40 : 40 + (last.handles ?? 0) })
  }
  return story
}

describe('no-residue', () => {
  test('holds when everything is back to nothing', () => {
    expect(find(noResidue, leaving({}))).toMatchObject({ status: 'pass', measured: 0, samples: 5 })
  })

  test.each([{ leases: 2 }, { idleInTransaction: 1 }, { advisoryLocks: 1 }, { 'poolWaiting{pool="cheap"}': 4 }, { inFlight: 1 }])(
    'fails when %j is left',
    (left) => {
      const found = find(noResidue, leaving(left as Record<string, number>))
      expect(found).toMatchObject({ status: 'fail', measured: 1, witnesses: [0] })
      expect(found.exhibits?.[0]).toContain(String(Object.values(left)[0]))
    },
  )

  test('what every instance reads of one store is one thing', () => {
    const story = aRun()
      .agent('a')
      .call({ of: 'a', atMs: 19_900, answer: served(99) })
    for (let atMs = 0; atMs <= 26_000; atMs += 500)
      for (const instance of ['1', '2']) {
        const values = { leases: atMs > 10_000 ? 12 : 0 }
        story.samples.push({ kind: 'sample', atMs: T0_MS + atMs, sampler: 'prometheus', instance, values })
      }
    const found = find(noResidue, story)
    expect(found).toMatchObject({ status: 'fail', measured: 1 })
    expect(found.exhibits?.[0]).toBe('12 slots taken (leases, at each of 2 instances)')
  })

  test('what was there before the first call is not of the load, one more is', () => {
    const listening = (before: number, after: number) => {
      const story = leaving({ 'poolUsed{pool="cheap"}': after })
      for (const { sampler, atMs, values } of story.samples)
        if (sampler === 'prometheus' && atMs - T0_MS <= 20_500) values['poolUsed{pool="cheap"}'] = atMs - T0_MS < 15_000 ? before : 3
      return story
    }
    expect(find(noResidue, listening(1, 1)).status).toBe('pass')
    expect(find(noResidue, listening(1, 2))).toMatchObject({ status: 'fail', measured: 1 })
    expect(find(noResidue, listening(0, 1)).status).toBe('fail')
  })

  test('fails when more handles are open than pools and a few libraries explain', () => {
    expect(find(noResidue, leaving({ handles: 20 })).status).toBe('pass')
    expect(find(noResidue, leaving({ handles: 22 }))).toMatchObject({
      status: 'fail',
      says: 'left behind: 62 handles, 40 at the start (handles of 1)',
    })
  })

  test('connections that calls at once have opened may stay open for the next: one for each, and no more', () => {
    const kept = (handles: number) => {
      const story = leaving({ handles })
      for (let n = 0; n < 30; n++) story.call({ of: 'a', atMs: 15_000, answer: served(400) })
      return find(noResidue, story)
    }
    expect(kept(50)).toMatchObject({
      status: 'unknown',
      says: '90 handles, 40 at the start (handles of 1): perhaps connections that up to 31 calls at once left open',
    })
    expect(kept(52)).toMatchObject({ status: 'fail', measured: 1 })
    expect(kept(20).status).toBe('pass')
  })

  test('a label that went with its worker is no silence, as long as the instance tells the like of another', () => {
    const recycled = (last: Record<string, number>) => {
      const story = leaving(last)
      for (const { sampler, atMs, values } of story.samples)
        if (sampler === 'prometheus' && atMs - T0_MS <= 20_500) values['poolUsed{pid="7"}'] = 1
      return find(noResidue, story)
    }
    expect(recycled({ 'poolUsed{pid="8"}': 0 }).status).toBe('pass')
    expect(recycled({ 'poolUsed{pid="8"}': 1 }).status).toBe('fail')
    expect(recycled({})).toMatchObject({ status: 'unknown', says: expect.stringContaining('poolUsed{pid="7"} of 1 was no longer told') })
  })

  test('fails when an instance works on for nobody, if it rested before', () => {
    const spinning = (shareAt: (atMs: number) => number) => {
      const story = leaving({})
      for (let atMs = 500; atMs <= 26_000; atMs += 500) story.sample('process', atMs, { cpuShare: shareAt(atMs) })
      return find(noResidue, story)
    }
    expect(spinning((atMs) => (atMs > 15_000 ? 0.99 : 0.02))).toMatchObject({
      status: 'fail',
      says: 'left behind: 99 % of a core in use, for nobody (cpuShare of 1)',
    })
    expect(spinning((atMs) => (atMs === 25_500 ? 0.1 : atMs > 15_000 ? 0.99 : 0.02)).status).toBe('pass')
    expect(spinning(() => 0.99).status).toBe('pass')
  })

  test('cannot tell when nobody looked afterwards, or nothing can be seen', () => {
    expect(find(noResidue, leaving({}, 20_500)).status).toBe('unknown')
    const blind = leaving({})
    for (const sample of blind.samples) sample.values = { other: 1 }
    expect(find(noResidue, blind).status).toBe('unknown')
    expect(verdictOf(blind, 'no-residue').status).toBe('unknown')
    // Of one that never promised to show any of it nothing is asked.
    expect(verdictOf(blind.hides('residue', 'the line'), 'no-residue')).toMatchObject({ status: 'not-judged', addLine: 'the line' })
  })

  test('cannot tell when the server no longer answers', () => {
    const story = leaving({})
    for (const sample of story.samples) if (sample.sampler === 'prometheus' && sample.atMs - T0_MS > 22_000) sample.values = {}
    expect(find(noResidue, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('no longer told') })
  })

  test('cannot tell when one instance of two no longer answers; what is left at the other is a fail all the same', () => {
    const stuck = (left: Record<string, number>) => {
      const story = leaving(left)
      for (let atMs = 0; atMs < 20_000; atMs += 500)
        story.samples.push({ kind: 'sample', atMs: T0_MS + atMs, sampler: 'prometheus', instance: '2', values: { inFlight: 1 } })
      return find(noResidue, story)
    }
    expect(stuck({})).toMatchObject({ status: 'unknown', says: expect.stringContaining('inFlight of 2 was no longer told') })
    expect(stuck({ leases: 2 }).status).toBe('fail')
  })

  test('is not judged when the scenario does not look afterwards', () => {
    expect(verdictOf(leaving({}).hides('after', 'x'), 'no-residue').status).toBe('not-judged')
  })
})
