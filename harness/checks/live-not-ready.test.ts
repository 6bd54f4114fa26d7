import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { liveNotReady } from './live-not-ready.ts'

/** Probes every half second; `odd` answers otherwise at the moments named. Postgres is away from 10 s to 18 s. */
function probed(odd: Record<number, { liveStatus?: number; readyStatus?: number }> = {}, on = 'postgres') {
  const story = aRun()
    .agent('a')
    .call({ of: 'a', atMs: 11_900, answer: served(800) })
    .fault('postgres-refused', { on })
  for (let atMs = 0; atMs < 27_000; atMs += 500) story.sample('probes', atMs, { liveStatus: 200, readyStatus: 200, ...odd[atMs] })
  return story
}

describe('live-not-ready', () => {
  test('holds while both answer 200', () => {
    expect(find(liveNotReady, probed())).toMatchObject({ status: 'pass', measured: 0, samples: 54 + 16 + 16 })
  })

  test('any success will do: 204 without a body, 302 to a page', () => {
    const story = probed()
    for (const { values } of story.samples) Object.assign(values, { liveStatus: 204, readyStatus: 302 })
    expect(find(liveNotReady, story)).toMatchObject({ status: 'pass', measured: 0 })
    expect(find(liveNotReady, probed({ 12000: { liveStatus: 404 } })).status).toBe('fail')
  })

  test('fails when liveness falls with the database', () => {
    const found = find(liveNotReady, probed({ 12000: { liveStatus: 503 } }))
    expect(found).toMatchObject({
      status: 'fail',
      measured: 1,
      says: expect.stringContaining('liveness failed 1 time, first at 12 s (503)'),
    })
    expect(found.exhibits).toEqual(['liveStatus of 1: 503 at 12 s'])
    expect(found.witnesses).toEqual([0])
  })

  test('fails when readiness falls with the database', () => {
    expect(find(liveNotReady, probed({ 12500: { readyStatus: 503 } }))).toMatchObject({
      status: 'fail',
      says: expect.stringMatching(/^readiness fell/),
    })
  })

  test('readiness may fall for the server itself, and before anything is broken', () => {
    expect(find(liveNotReady, probed({ 12500: { readyStatus: 503 } }, 'server')).status).toBe('pass')
    expect(find(liveNotReady, probed({ 500: { readyStatus: 503 } })).status).toBe('pass')
  })

  test('readiness may not come and go on a calm day; where agents are the stress, it may', () => {
    const flapping = find(liveNotReady, probed({ 4000: { readyStatus: 503 }, 6000: { readyStatus: 503 } }))
    expect(flapping).toMatchObject({ status: 'fail', measured: 2, says: expect.stringContaining('while nothing was broken') })
    const busy = probed({ 12500: { readyStatus: 503 } })
    busy.plan.faults.length = 0
    busy.faults.length = 0
    expect(find(liveNotReady, busy).status).toBe('pass')
  })

  test('one reading without an answer is noise, three in a row are not', () => {
    expect(find(liveNotReady, probed({ 500: { liveStatus: 0 }, 1500: { liveStatus: 0 }, 2000: { liveStatus: 0 } })).status).toBe('pass')
    const three = probed({ 500: { liveStatus: 0 }, 1000: { liveStatus: 0 }, 1500: { liveStatus: 0 } })
    expect(find(liveNotReady, three)).toMatchObject({ status: 'fail', measured: 1, says: expect.stringContaining('1.5 s (no answer)') })
  })

  test('a probe told 429 may be so for how often we ask; what fails beside it fails', () => {
    const told = { 12000: { liveStatus: 429 }, 12500: { liveStatus: 429 } }
    expect(find(liveNotReady, probed(told))).toMatchObject({ status: 'unknown', says: expect.stringContaining('first at 12 s (429)') })
    expect(find(liveNotReady, probed({ ...told, 13000: { liveStatus: 503 } }))).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('a probe that never succeeded is asked at a wrong address; the other one is judged all the same', () => {
    const astray = (more: Parameters<typeof probed>[0] = {}) => {
      const story = probed(more)
      for (const { values } of story.samples) values.readyStatus = 404
      return find(liveNotReady, story)
    }
    expect(astray()).toMatchObject({ status: 'unknown', says: expect.stringContaining('mend observe.probes.ready') })
    expect(astray({ 12000: { liveStatus: 503 } })).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('cannot tell without a reading, and is not judged without probes', () => {
    expect(find(liveNotReady, aRun()).status).toBe('unknown')
    expect(verdictOf(probed().hides('observe.probes', 'the line'), 'live-not-ready')).toMatchObject({
      status: 'not-judged',
      addLine: 'the line',
    })
  })
})
