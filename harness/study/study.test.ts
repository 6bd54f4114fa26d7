import { describe, expect, test } from 'vitest'
import { served, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { adviceOf, capacity, knee } from './capacity.ts'
import { metastableBoundary, smallest } from './metastable-boundary.ts'
import { studyHtml } from './page.ts'
import { scaleOut } from './scale-out.ts'
import { smoothAgainstBurst } from './smooth-against-burst.ts'
import type { Laboratory, Trial, Tried } from './study.ts'
import { scenarioText } from './trial.ts'

/** A server that is worked out, not run: so many calls a second are good, each holds a connection for 40 ms. */
function laboratory(
  answer: (trial: Trial) => { goodPerS?: number; statuses?: Record<string, string>; waiting?: number; insideMs?: number } = () => ({}),
) {
  const trials: Trial[] = []
  const run = async (trial: Trial): Promise<Tried> => {
    trials.push(trial)
    const { goodPerS = 1_000, statuses = {}, waiting = 4, insideMs } = answer(trial)
    const story = aRun().sample('prometheus', 5_000, { 'poolWaitingMax{pool="cheap"}': waiting })
    const perS = trial.load.reduce((sum, { agents, everyMs }) => sum + (agents * 1_000) / everyMs, 0)
    story.agent('a')
    for (let n = 0; n < perS; n++) {
      const good = n % Math.round(perS) < goodPerS
      story.call({
        of: 'a',
        atMs: 2_000 + (n * 1_000) / perS,
        answer: good ? served(50) : unavailable(),
        ...(good && { serverMs: insideMs ?? 45 }),
      })
    }
    // A server that is worked out by the time inside alone tells nothing else.
    const times = new Map(
      insideMs !== undefined
        ? []
        : [
            ['db_ms', new Map([['steady' as const, Array.from({ length: 100 }, (_, n) => 38 + (n % 5))]])],
            ['queue_ms', new Map([['steady' as const, [1]]])],
          ],
    )
    return { history: { ...story.history(), said: { own: [], times } }, statuses }
  }
  const whole: Laboratory = { holdMs: 20, seed: 1, say: () => undefined, run }
  return { whole, trials }
}

describe('capacity', () => {
  test.each([
    [70, 68],
    [33, 32],
    [250, 240],
  ])('a knee at %d calls a second is found from below', async (carries, least) => {
    const tried: number[] = []
    const found = await knee(async (perS) => {
      tried.push(perS)
      return perS <= carries
    })
    expect(found).toBeLessThanOrEqual(carries)
    expect(found).toBeGreaterThanOrEqual(least * 0.9)
    expect(tried.length).toBeLessThan(10)
  })

  test('a server that carries nothing has a knee at nothing', async () => {
    expect(await knee(async () => false)).toBeLessThan(5)
  })

  test('Little’s law: 100 calls a second that hold a connection for 40 ms call for four', () => {
    const held = { ms: 39.8, offMs: 1.2 }
    const point = { perS: 100, share: 1, held, inside: held, cameMs: Array.from({ length: 100 }, (_, n) => 10 * n), heldMs: [39.8] }
    expect(adviceOf(point, [point], 4)).toEqual({
      held,
      rate: { is: 101, from: 98, to: 104 },
      pool: { is: 4, from: 4, to: 5 },
      atOnce: 4,
    })
  })

  test('the page names the knee, what is configured and what is called for', async () => {
    const { whole } = laboratory(() => ({ goodPerS: 100 }))
    const study = await capacity(whole, 'npm run study capacity')
    expect(study.says).toMatch(/^About (9\d|10\d) calls a second, with pools of 4/)
    expect(study.tables[0]?.rows[0]?.[2]).toBe('4')
    expect(await studyHtml(study)).toContain('data-is="mark"')
  })

  test('a server that tells no hold times is taken at its least load, where nobody waits for a connection', async () => {
    const rateOf = ({ load }: Trial) => load.reduce((sum, { agents, everyMs }) => sum + (agents * 1_000) / everyMs, 0)
    const { whole } = laboratory((trial) => ({ goodPerS: 100, insideMs: rateOf(trial) < 50 ? 40 : 400 }))
    const { tables, notes } = await capacity(whole, 'npm run study capacity')
    expect(tables[0]?.rows.map((row) => row[2])).toEqual(['4', '4', '100'])
    expect(notes).toEqual([expect.stringContaining('does not tell')])
  })

  test('a server that keeps up with everything: unknown', async () => {
    expect(await capacity(laboratory().whole, '')).toMatchObject({ tone: 'unknown' })
  })
})

describe('the metastable boundary', () => {
  test('is the shortest that does not heal', async () => {
    expect(await smallest([1, 2, 4, 8], async (length) => (length >= 4 ? 'does not heal' : 'heals'))).toEqual({ lengthS: 4, open: false })
    expect(await smallest([1, 2, 4, 8], async () => 'heals')).toEqual({ open: false })
    expect(await smallest([1, 2, 4, 8], async (length) => (length === 4 ? 'unknown' : 'heals'))).toEqual({ open: true })
  })

  test('a point is tried three times, and where they disagree nobody can tell', async () => {
    let n = 0
    const { whole, trials } = laboratory(() => ({ statuses: { recovers: n++ % 2 === 0 ? 'pass' : 'fail' } }))
    const study = await metastableBoundary(whole, '')
    expect(study.tone).toBe('unknown')
    expect(new Set(study.tables[0]?.rows.map(([, outcome]) => outcome))).toEqual(new Set(['unknown']))
    expect(trials.every(({ delayMs, stressS }) => delayMs !== undefined && stressS !== undefined)).toBe(true)
  })
})

test('smooth against bursts: the same mean rate each time, and the weak server fails in bursts alone', async () => {
  const { whole, trials } = laboratory(({ load, weaken }) => {
    const bad = weaken !== undefined && load[0]?.salvo !== undefined
    return { statuses: { 'queue-bounded': bad ? 'fail' : 'pass' }, waiting: bad ? 36 : 0 }
  })
  const study = await smoothAgainstBurst(whole, '')
  expect(study).toMatchObject({ tone: 'pass', says: expect.stringContaining('fails at the same load in bursts') })
  expect(study.tables[0]?.rows.map((row) => row.at(-1))).toEqual([0, 36, 0, 0])
  expect(new Set(trials.map(({ load }) => `${load[0]?.agents} ${load[0]?.everyMs}`)).size).toBe(1)
})

test('scale-out: parts of the time, apart', async () => {
  const { whole, trials } = laboratory()
  const { tables, tone } = await scaleOut(whole, '')
  expect(tone).toBe('pass')
  expect(tables[0]?.rows[0]).toEqual(['1', 5, 1, 4, 40, '100 %'])
  expect(trials.map(({ settings }) => settings.instances)).toEqual([1, 3])
})

test('a trial is a scenario file', () => {
  const load = [{ persona: 'steady' as const, agents: 2, role: 'cheapRead' as const, everyMs: 100, salvo: 5 }]
  const text = scenarioText(
    { load, steadyS: 4, stressS: 2, delayMs: 300, linkMs: 5, settings: { poolMax: 3 }, checks: ['bounded-time'] },
    '/there',
    '.ts',
  )
  expect(text).toContain('import { boundedTime } from "/there/harness/checks/bounded-time.ts"')
  expect(text).toContain("steady({ agents: 2, role: 'cheapRead', everyMs: 100, arrivals: { kind: 'salvos', size: 5 } })")
  expect(text).toContain("windows: [{ id: 'trigger', faults: [postgresLatency({ delayMs: 300 })] }]")
})
