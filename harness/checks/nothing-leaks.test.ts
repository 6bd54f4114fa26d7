import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { nothingLeaks } from './nothing-leaks.ts'

const searched = (...leaks: { where: string; secret: string; own?: true }[]) => {
  const story = aRun().agent('a').call({ of: 'a', role: 'write', atMs: 3_000, answer: served() })
  story.manifest.searched = { secrets: 40, tokens: 2, files: 9, found: leaks.length }
  story.manifest.raw = { ...story.manifest.raw, 'leaks.ndjson': 'whole' }
  for (const { own, ...leak } of leaks) story.leaks.push({ kind: 'leak', ...leak, ...(own && { call: story.lastCall }) })
  return story
}
const CARD = '9900123456789017'

describe('nothing-leaks', () => {
  test('holds when nothing was found where it was looked for', () => {
    expect(find(nothingLeaks, searched())).toMatchObject({
      status: 'pass',
      measured: 0,
      samples: 42,
      says: expect.stringContaining('40 planted secrets'),
    })
  })

  test('one place is a fail: the call is a witness, and the secret is nowhere in the verdict', () => {
    const finding = find(nothingLeaks, searched({ where: 'server-1.log:214', secret: CARD, own: true }))
    expect(finding).toMatchObject({ status: 'fail', measured: 1, limit: 0, witnesses: [0] })
    expect(finding.exhibits).toEqual([expect.stringMatching(/^server-1\.log:214: an argument of st-test-a-/)])
    expect(JSON.stringify(finding)).not.toContain(CARD)
  })

  test('says where: logs, spans, errors; a token by whose it is', () => {
    const finding = find(
      nothingLeaks,
      searched(
        { where: 'spans', secret: CARD },
        { where: 'load.ndjson:88', secret: CARD, own: true },
        { where: 'server-1.log:3', secret: 'the authorization of steady-01' },
        { where: 'server-1.log:9', secret: CARD },
      ),
    )
    expect(finding.says).toContain('2 in server-1.log, 1 in spans, 1 in errors told to agents')
    expect(finding.exhibits).toContain('server-1.log:3: the authorization of steady-01')
  })

  test('cannot tell from a log that did not grow under the load: the server writes elsewhere', () => {
    const logged = (...sizes: number[]) => {
      const story = searched()
      for (const [n, logBytes] of sizes.entries()) story.sample('log-size', 2_000 + n * 1_000, { logBytes })
      return story
    }
    expect(find(nothingLeaks, logged(400, 400, 400))).toMatchObject({ status: 'unknown', says: expect.stringContaining('observe.logs') })
    expect(find(nothingLeaks, logged(400, 500, 500)).status).toBe('pass')
    const story = logged(0, 0)
    story.leaks.push({ kind: 'leak', where: 'spans', secret: CARD })
    expect(find(nothingLeaks, story).status).toBe('fail')
  })

  test('more than is listed still counts', () => {
    const story = searched({ where: 'server-1.log:1', secret: CARD })
    story.manifest.searched = { secrets: 40, tokens: 2, files: 9, found: 5_000 }
    expect(find(nothingLeaks, story)).toMatchObject({ status: 'fail', measured: 5_000 })
  })

  test('is unknown when nobody searched, without weight when there was nothing to find', () => {
    const story = searched()
    delete story.manifest.searched
    expect(find(nothingLeaks, story).status).toBe('unknown')
    const none = searched()
    none.manifest.searched = { secrets: 0, tokens: 0, files: 9, found: 0 }
    expect(find(nothingLeaks, none)).toMatchObject({ notExercised: true })
  })

  test('is not judged without a planted secret, or without the log', () => {
    for (const offer of ['secrets', 'logs'])
      expect(verdictOf(searched().hides(offer, 'line'), 'nothing-leaks')).toMatchObject({ status: 'not-judged', addLine: 'line' })
  })
})
