import { expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { faultsOf } from '../history/faults.ts'
import { pastBreaker } from './past-breaker.ts'

/** Postgres is away from 10 s to 18 s; the breaker reads `open` meanwhile, and somebody knocks each quarter of a second. */
function knocking(open: number, probeAfterMs?: number) {
  const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).fault('postgres-refused')
  for (let atMs = 10_100; atMs < 17_900; atMs += 250) {
    story.sample('prometheus', atMs, { 'breakerOpen{dependency="postgres"}': open })
    story.attemptLines.push({ kind: 'attempt', atMs: T0_MS + atMs + 60, link: 'postgres', refused: true })
    if (probeAfterMs !== undefined) story.sample('probes', atMs + 60 + probeAfterMs, { liveStatus: 503 })
  }
  const history = story.history()
  const [fault] = faultsOf(history)
  return fault && pastBreaker(history, fault)
}

test('attempts while the breaker reads open go past it', () => {
  expect(knocking(1)).toMatchObject({ remedy: { control: 'breaker', do: expect.stringMatching(/^\d+ attempts came while the breaker/) } })
  expect(knocking(1)?.follows).toBeUndefined()
  expect(knocking(0)).toBeUndefined()
})

test('they are a probe’s where a liveness probe failed with each', () => {
  expect(knocking(1, 5)).toMatchObject({ remedy: { control: 'probes' }, follows: ['live-not-ready'] })
  expect(knocking(1, 100)?.follows).toBeUndefined()
})
