import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import type { Story } from '../../tests/fixtures/histories/build.ts'
import { fairHardened, hardened } from '../../tests/fixtures/histories/hardened.ts'
import { judged, verdictOf } from '../../tests/fixtures/histories/judged.ts'

type Mutator = (story: Story) => void

/** The deadline is 2 s, and 250 ms of grace. */
const takes =
  (serverMs: number): Mutator =>
  (story) =>
    void story.call({ of: 'steady-01', atMs: 24_000, timeoutMs: 20_000, answer: served(serverMs), serverMs })
/** 500 ms are allowed. */
const waits: Mutator = (story) => void story.sample('prometheus', 24_800, { poolWaitSecondsMax: 0.7 })
const queueMore: Mutator = (story) => void story.sample('prometheus', 24_800, { poolWaiting: 9 })
const waitAndAreMany: Mutator = (story) => {
  waits(story)
  queueMore(story)
}
const doubleRow: Mutator = ({ effects }) => void Object.assign(effects[0] ?? {}, { rows: 2, names: ['INV-1', 'INV-2'] })
const openMore: Mutator = (story) => void story.sample('postgres', 24_800, { connections: 9 })
/** Nobody is served well for the whole recovery. */
const stayDown: Mutator = ({ load }) => {
  for (const line of load) if (line.kind === 'end' && line.endedAtMs > 18_200) Object.assign(line, { status: 500, parsed: false })
}
/** From 24.2 s to 24.8 s, both cores. */
const held: Mutator = (story) => void story.sample('machine', 24_800, { stillMs: 600, stolenMs: 1_100 })

describe('a limit of time that was passed', () => {
  test.each<[string, string, Mutator]>([
    ['a call outlives its deadline', 'bounded-time', takes(2_600)],
    ['a caller waits for too long', 'queue-bounded', waits],
  ])('%s: fail; unknown where the machine stood still meanwhile, which says so', (_what, check, mutate) => {
    const story = hardened()
    mutate(story)
    expect(verdictOf(story, check)).toMatchObject({ status: 'fail' })
    expect(verdictOf(story, check)).not.toHaveProperty('stoodStill')
    held(story)
    const verdict = verdictOf(story, check)
    expect(verdict).toMatchObject({ status: 'unknown', stoodStill: true })
    expect(verdict.because).toMatch(
      /; but the machine stood still for 0\.6 s at 24\.2 s \(the host had its cores\), which explains it: run it again$/,
    )
    expect(judged(story)).toMatchObject({ status: 'unknown', exitCode: 2 })
  })

  test.each<[string, string, Mutator]>([
    ['a call that outlives its deadline by far', 'bounded-time', takes(9_000)],
    ['agents that get nothing for seconds', 'recovers', stayDown],
    ['more callers than may wait', 'queue-bounded', queueMore],
    ['callers that wait too long and are too many', 'queue-bounded', waitAndAreMany],
    ['a doubled row', 'effects-once', doubleRow],
    ['more connections', 'pool-bounded', openMore],
  ])('by what no still explains stays a fail: %s', (_what, check, mutate) => {
    const story = hardened()
    mutate(story)
    held(story)
    expect(verdictOf(story, check).status).toBe('fail')
  })
})

test('a runaway that is let in beyond its budget stays a fail', () => {
  const story = fairHardened().calls({ of: 'runaway-01', fromMs: 12_000, toMs: 17_000, everyMs: 50, answer: served(10) })
  story.sample('machine', 14_000, { stillMs: 900, stolenMs: 1_700 })
  expect(verdictOf(story, 'fairness')).toMatchObject({ status: 'fail', says: expect.stringContaining('was let in') })
})

test('a hardened run is as before where the machine stood still', () => {
  const story = hardened()
  held(story)
  expect(judged(story)).toMatchObject({ status: 'pass', exitCode: 0 })
})
