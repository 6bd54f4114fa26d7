import { describe, expect, test } from 'vitest'
import { refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'

const one = () => aRun().agent('steady-01')

describe('a call', () => {
  test('is good when it was answered right and within its SLO of the planned moment', () => {
    const story = one()
      .call({ of: 'steady-01', atMs: 3_000, answer: served(900) })
      .call({ of: 'steady-01', atMs: 4_000, answer: served(1_100) })
      .call({ of: 'steady-01', atMs: 5_000, lateMs: 600, answer: served(500) })
      .call({ of: 'steady-01', atMs: 6_000, answer: served(20, { correct: false }) })
    expect(story.history().calls.map(({ good }) => good)).toEqual([true, false, false, false])
  })

  test('is no good one for a sentence about a limit, where the role has no rules but that something is answered', () => {
    const classes = (at: string, message: string) => {
      const story = one().call({ of: 'steady-01', atMs: 3_000, answer: served(20, { correct: true, message, sizeBytes: 190 }) })
      for (const role of Object.values(story.plan.roles)) role.correct = [{ at, or: '/structuredContent' }]
      return story.history().calls.map(({ class: is, good }) => `${is}, ${good}`)
    }
    for (const said of [
      'Rate limit exceeded.',
      'Error: too many requests',
      "You've hit your hourly limit",
      '{"error":"Rate limit exceeded"}',
    ])
      expect(classes('/content/0/type', said)).toEqual(['refused, false'])
    expect(classes('/structuredContent/hits', 'Rate limit exceeded.')).toEqual(['served, true'])
    for (const said of ['How to answer when a rate limit was exceeded', 'Rate limits of our API', 'orders: 3 throttled jobs'])
      expect(classes('/content/0/type', said)).toEqual(['served, true'])
  })

  test('without an end is kept as info', () => {
    const [call] = one().call({ of: 'steady-01', atMs: 3_000 }).history().calls
    expect(call).toMatchObject({ outcome: 'info', class: 'lost', evidence: { status: 0 }, good: false })
    expect(call).not.toHaveProperty('endedAtMs')
  })

  test('that waited as told starts its SLO at the end of the wait; one that did not, at its first attempt', () => {
    const story = one().call({ of: 'steady-01', atMs: 3_000, answer: refused() })
    const parent = story.lastCall
    story.call({ of: 'steady-01', atMs: 5_000, parent, answer: served(100) })
    const hasty = one().call({ of: 'steady-01', atMs: 3_000, answer: refused() })
    const hastyParent = hasty.lastCall
    hasty.call({ of: 'steady-01', atMs: 4_200, parent: hastyParent, answer: served(100) })
    expect(story.history().calls[1]?.good).toBe(true)
    expect(hasty.history().calls[1]?.good).toBe(false)
  })

  test('belongs to the phase in which it was sent, and straddles when it was undecided at its end', () => {
    const story = one()
      .call({ of: 'steady-01', atMs: 9_000, answer: served(500) })
      .call({ of: 'steady-01', atMs: 9_900, answer: served(500) })
      .call({ of: 'steady-01', atMs: 8_000, answer: served(4_000) })
    const seen = story.history().calls.map(({ phase, straddles, sentAtMs }) => [sentAtMs, phase, straddles])
    // The one of 8,000 had failed its agent (SLO 1 s) before the stress began.
    expect(seen).toEqual([
      [8_001, 'steady', false],
      [9_001, 'steady', false],
      [9_901, 'steady', true],
    ])
  })

  test('carries what the server says of it', () => {
    const story = one().call({ of: 'steady-01', atMs: 3_000, answer: served(), serverMs: 12 })
    const history = story.history()
    expect(history.calls[0]?.server).toEqual({ instance: '1', durationMs: 12 })
    expect(history.manifest.callsInServerLog).toBe(1)
  })
})

describe('an agent’s record', () => {
  test('is whole when every number is there, and the last line', () => {
    const [agent] = one().call({ of: 'steady-01', atMs: 3_000, answer: served() }).history().agents
    expect(agent).toMatchObject({ tasksPlanned: 1, tasksStarted: 1, callsSent: 1, lines: 3, missing: [], stopped: true, crashes: [] })
  })

  test('shows what is missing and what is doubled', () => {
    const story = one().calls({ of: 'steady-01', fromMs: 3_000, toMs: 3_400, everyMs: 100, answer: served() })
    const raw = story.raw()
    const load = raw.load.filter((line) => line.kind === 'start' || line.seq !== 3)
    const doubled = load.find((line) => line.kind !== 'start' && line.seq === 5)
    expect(doubled).toBeDefined()
    story.load.splice(0, story.load.length, ...load.filter((line) => line.kind !== 'stop'), ...(doubled ? [doubled] : []))
    expect(story.history().agents[0]?.missing).toEqual(expect.arrayContaining([3, 5]))
  })
})

test('times of the harness count from the generator’s start', () => {
  const history = one().fault('postgres-refused').sample('postgres', 250, { connections: 1 }).history()
  expect(history.faults.map(({ event, atMs }) => [event, atMs])).toContainEqual(['healed', 18_100])
  expect(history.samples[0]?.atMs).toBe(250)
})
