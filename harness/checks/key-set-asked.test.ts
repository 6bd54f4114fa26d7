import { describe, expect, test } from 'vitest'
import { refused, served, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find } from '../../tests/fixtures/histories/judged.ts'
import { retryAmplification } from './retry-amplification.ts'

/** Under stress so many made-up key ids a second, and so many requests for the key set. */
function guessed({ perSecond = 40, asked = 2, instances = 1 } = {}): Story {
  const story = aRun().agent('a').agent('intruder-01', { persona: 'intruder', hostile: true })
  story.manifest.declared.instances = instances
  story.calls({ of: 'a', fromMs: 2_000, toMs: 18_000, everyMs: 200, answer: served() })
  const everyMs = 1_000 / perSecond
  story.calls({ of: 'intruder-01', fromMs: 10_000, toMs: 18_000, everyMs, answer: refused(), credential: 'unknown-key' })
  for (let atMs = 0; atMs < 27_000; atMs += 500) {
    const keySetRequests = 1 + Math.round((asked * Math.min(8_000, Math.max(0, atMs - 10_000))) / 1_000)
    story.sample('identity-provider', atMs, { keySetRequests })
  }
  return story
}

describe('key-set-asked', () => {
  test('holds where an instance looks twice a second, however many keys nobody has', () => {
    const found = find(retryAmplification, guessed())
    expect(found).toMatchObject({ status: 'pass', limit: 5, unit: 'requests for keys a second', samples: expect.any(Number) })
    expect(found.measured).toBeGreaterThan(1.5)
    expect(found.measured).toBeLessThan(2.5)
  })

  test('fails where it looks each time, with the calls and what to do', () => {
    const found = find(retryAmplification, guessed({ asked: 40 }))
    expect(found).toMatchObject({ status: 'fail', says: expect.stringMatching(/asked for 3\d\d times .* allowed are 5 a second/) })
    expect(found.witnesses).toHaveLength(20)
    expect(found.remedy?.control).toBe('authenticate-by-token')
  })

  test('each instance may look for itself', () => {
    expect(find(retryAmplification, guessed({ asked: 8, instances: 2 })).status).toBe('pass')
    expect(find(retryAmplification, guessed({ asked: 8, instances: 1 })).status).toBe('fail')
    expect(find(retryAmplification, guessed({ asked: 8 }), { keysPerSecond: 10 }).status).toBe('pass')
  })

  test('a provider that is away counts nothing: attempts at its link that were refused do', () => {
    const away = (everyMs: number) => {
      const story = guessed({ asked: 0 })
      story.plan.settings.identityProvider = 1
      story.fault('identity-provider-down', { on: 'identity-provider' })
      const moments = Array.from({ length: Math.floor(8_000 / everyMs) }, (_, n) => 10_000 + n * everyMs)
      return find(retryAmplification, story.attempts('identity-provider', moments))
    }
    expect(away(500).status).toBe('pass')
    expect(away(25)).toMatchObject({ status: 'fail', unit: 'requests for keys a second' })
  })

  test('too few made-up keys, or nobody who counts, tell nothing', () => {
    expect(find(retryAmplification, guessed({ perSecond: 4, asked: 4 }))).toMatchObject({ notExercised: true })
    const uncounted = guessed({ asked: 40 })
    uncounted.samples.length = 0
    expect(find(retryAmplification, uncounted)).toMatchObject({ notExercised: true })
  })

  test('keys that are asked for too often though hardly anybody made some up are too many all the same', () => {
    expect(find(retryAmplification, guessed({ perSecond: 1, asked: 20 })).status).toBe('fail')
  })

  test('so are those of a server that keeps no keys at all: the calls of that time are told', () => {
    const story = aRun().agent('a').agent('b', { hostile: true })
    story.calls({ of: 'a', fromMs: 2_000, toMs: 18_000, everyMs: 50, answer: served() })
    for (let atMs = 0; atMs < 27_000; atMs += 500) story.sample('identity-provider', atMs, { keySetRequests: atMs / 50 })
    const found = find(retryAmplification, story)
    expect(found).toMatchObject({ status: 'fail', measured: 20, says: expect.stringContaining('though nobody named a key') })
    expect(found.witnesses).toHaveLength(20)
  })

  test('what a budget or an outage answered is tried too', () => {
    const story = guessed({ perSecond: 1, asked: 2 })
    story.calls({ of: 'intruder-01', fromMs: 10_000, toMs: 18_000, everyMs: 50, answer: unavailable(), credential: 'unknown-key' })
    expect(find(retryAmplification, story)).toMatchObject({ status: 'pass', unit: 'requests for keys a second' })
  })
})
