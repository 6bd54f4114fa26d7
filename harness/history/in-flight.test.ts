import { expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { ofAgent, peakInFlight, underWay } from './in-flight.ts'

test('calls in flight at once', () => {
  const story = aRun().agent('a')
  story
    .call({ of: 'a', atMs: 3_000, answer: served(100) })
    .call({ of: 'a', atMs: 3_050, answer: served(100) })
    .call({ of: 'a', atMs: 3_120, answer: served(100) })
  expect(peakInFlight(story.history().calls)).toEqual({ calls: 2, atMs: 3_051 })
})

test('calls of an agent under way in a stretch, without its handshakes', () => {
  const story = aRun().agent('a').agent('b')
  story.call({ of: 'a', atMs: 3_000, answer: served(100) }).call({ of: 'a', atMs: 3_500, answer: served(100) })
  story.call({ of: 'a', atMs: 3_500, role: 'handshake', answer: served(100) }).call({ of: 'b', atMs: 3_500, answer: served(100) })
  const own = underWay(story.history(), ofAgent).get('a')
  expect(own?.during(3_050, 3_400)).toBe(1)
  expect(own?.during(3_050, 3_600)).toBe(2)
  expect(own?.during(3_200, 3_600)).toBe(1)
})

test('what ended at the moment a stretch begins is under way in it, unless only what lasts longer is asked for', () => {
  const history = aRun()
    .agent('a')
    .call({ of: 'a', atMs: 3_000, answer: served(100) })
    .history()
  const endedAtMs = history.calls[0]?.endedAtMs ?? 0
  const own = underWay(history, ofAgent).get('a')
  expect(own?.during(endedAtMs, 3_600)).toBe(1)
  expect(own?.during(endedAtMs, 3_600, true)).toBe(0)
})
