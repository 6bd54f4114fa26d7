import { describe, expect, test } from 'vitest'
import { refused, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { discoverAll } from '../command/units.ts'
import { alertsFire, MOMENTARY } from './alerts-fire.ts'

/** An outage of Postgres from 10 s to 18 s; `BreakerOpen` fires from and to these moments, s. */
function outage(...fired: [fromS: number, toS: number][]) {
  const story = aRun().agent('a').fault('postgres-refused')
  story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 400, answer: served() })
  story.calls({ of: 'a', fromMs: 10_000, toMs: 18_000, everyMs: 400, answer: unavailable() })
  story.manifest.alerts = {
    stretch: 75,
    rules: ['BreakerOpen', 'ToolSlow'],
    readings: 100,
    fired: fired.map(([fromS, toS]) => ({ alert: 'BreakerOpen', labels: {}, fromMs: fromS * 1_000, toMs: toS * 1_000 })),
  }
  return story
}

describe('alerts-fire', () => {
  test('holds when one fires in the outage and none before', () => {
    expect(find(alertsFire, outage([11.5, 19]))).toMatchObject({
      status: 'pass',
      measured: 0,
      says: "none of 2 alerts fired while all was well; BreakerOpen fired 1.5 s into stress (a second stands for 75 of the rules' own)",
    })
  })

  test('fails when none fires in the outage, only after it, or already before', () => {
    const silent = find(alertsFire, outage())
    expect(silent).toMatchObject({ status: 'fail', exhibits: ['no alert began in stress (postgres-refused), from 10 s to 18.1 s'] })
    expect(silent.witnesses?.length).toBeGreaterThan(0)
    expect(find(alertsFire, outage([19, 22])).status).toBe('fail')
    const early = find(alertsFire, outage([6, 7.5], [11.5, 19]))
    expect(early).toMatchObject({ status: 'fail', measured: 1, exhibits: ['BreakerOpen fired from 6 s to 7.5 s, while all was well'] })
  })

  test('one that fires while the fault is still being put in has noticed it', () => {
    const story = outage([10.5, 12])
    for (const line of story.faults) if (line.event === 'injected') line.atMs += 1_000
    expect(find(alertsFire, story)).toMatchObject({ status: 'pass', measured: 0 })
  })

  test('one that always fires, to show that alerts arrive, is no word of the server', () => {
    const story = outage([11.5, 19])
    story.manifest.alerts?.fired.push({ alert: 'Watchdog', labels: { severity: 'none' }, fromMs: 1_000, toMs: 27_000 })
    expect(find(alertsFire, story)).toMatchObject({ status: 'pass', measured: 0 })
    if (story.manifest.alerts) story.manifest.alerts.fired = story.manifest.alerts.fired.filter(({ alert }) => alert === 'Watchdog')
    expect(find(alertsFire, story)).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('so is a watchdog of whatever severity, and one that notifies nobody by itself', () => {
    const story = outage([11.5, 19])
    const { fired = [] } = story.manifest.alerts ?? {}
    fired.push({ alert: 'DeadMansSwitch', labels: { severity: 'critical' }, fromMs: 1_000, toMs: 27_000 })
    fired.push({ alert: 'AgentsErr', labels: { severity: 'info' }, fromMs: 4_000, toMs: 12_000 })
    expect(find(alertsFire, story)).toMatchObject({ status: 'pass', measured: 0 })
    fired.splice(0, 1)
    expect(find(alertsFire, story)).toMatchObject({ status: 'fail', measured: 1 })
  })

  test('one that fires without a fault may be right where agents are ill served; not where they err themselves', () => {
    const ill = (answer: ReturnType<typeof served>) =>
      outage([6, 7.5], [11.5, 19]).calls({ of: 'a', fromMs: 2_100, toMs: 10_000, everyMs: 2_000, answer })
    expect(find(alertsFire, ill(unavailable()))).toMatchObject({ status: 'unknown', says: expect.stringContaining('ill served then') })
    expect(find(alertsFire, ill(served(3_000))).status).toBe('unknown')
    for (const answer of [toolError('INVALID_ARGUMENTS'), refused()]) expect(find(alertsFire, ill(answer)).status).toBe('fail')
  })

  test('silence in a window in which nobody had less than before may be right', () => {
    const absorbed = (bad: number, fault = 'postgres-latency') => {
      const story = aRun().agent('a').fault(fault)
      story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 40, answer: served() })
      story.calls({ of: 'a', fromMs: 10_000, toMs: 18_000, everyMs: 40, answer: served() })
      for (let n = 0; n < bad; n++) story.call({ of: 'a', atMs: 12_000 + n * 10, answer: unavailable() })
      story.manifest.alerts = { stretch: 75, rules: ['BreakerOpen'], readings: 100, fired: [] }
      return find(alertsFire, story)
    }
    expect(absorbed(0)).toMatchObject({ status: 'unknown', says: expect.stringContaining('agents had no less than before') })
    expect(absorbed(1).status).toBe('unknown')
    expect(absorbed(10)).toMatchObject({ status: 'fail', measured: 1 })
    expect(absorbed(0, 'redis-frozen')).toMatchObject({ status: 'fail', measured: 1 })
    // Over as soon as it happened: nobody is owed an alert, unless somebody had less for it.
    expect(absorbed(0, 'redis-flushed')).toMatchObject({ status: 'pass', measured: 0 })
    expect(absorbed(10, 'redis-flushed')).toMatchObject({ status: 'fail', measured: 1 })
  })

  /** Two outages, from 10 s to 13.1 s and from 15 s to 18.1 s. */
  const twice = (...fired: [fromS: number, toS: number][]) => {
    const story = outage(...fired)
    story.plan.faults.length = 0
    story.faults.length = 0
    story.fault('postgres-refused', { fromMs: 10_000, toMs: 13_000 }).fault('postgres-lock', { fromMs: 15_000, toMs: 18_000 })
    for (const one of [...story.plan.faults, ...story.faults]) if (one.fault === 'postgres-lock') one.window = 'second'
    return story
  }

  test('one that goes on from the first window to the end of the second cannot be told to have noticed both', () => {
    expect(find(alertsFire, twice([11, 14], [16, 19]))).toMatchObject({ status: 'pass', measured: 0 })
    const lasted = find(alertsFire, twice([11, 20]))
    expect(lasted).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('BreakerOpen had fired since 11 s and went on through second'),
    })
    expect(find(alertsFire, twice([11, 20], [16, 19])).status).toBe('pass')
  })

  test('one that stopped in the middle of the second window, or before it, did not notice it', () => {
    expect(find(alertsFire, twice([11, 16]))).toMatchObject({ status: 'fail', measured: 1 })
    expect(find(alertsFire, twice([11, 14]))).toMatchObject({
      status: 'fail',
      exhibits: [expect.stringContaining('no alert began in second')],
    })
    expect(find(alertsFire, twice([11, 20], [6, 7])).status).toBe('fail')
  })

  test('where nothing is broken and nobody is hostile, all of the run is well; the warm-up is not looked at', () => {
    const calm = aRun().agent('a').calls({ of: 'a', fromMs: 2_000, toMs: 26_000, everyMs: 400, answer: served() })
    calm.manifest.alerts = outage([21, 22]).manifest.alerts as NonNullable<typeof calm.manifest.alerts>
    expect(find(alertsFire, calm).status).toBe('fail')
    calm.agent('runaway', { hostile: true })
    expect(find(alertsFire, calm).status).toBe('pass')
    expect(find(alertsFire, outage([0.5, 1.5], [11.5, 19])).status).toBe('pass')
  })

  test('cannot tell when the rules were not evaluated, or nothing was read', () => {
    const story = outage([11.5, 19])
    if (story.manifest.alerts) story.manifest.alerts.readings = 0
    expect(find(alertsFire, story).status).toBe('unknown')
    delete story.manifest.alerts
    expect(find(alertsFire, story).status).toBe('unknown')
  })

  test('is not judged when the target names no rules', () => {
    expect(verdictOf(outage().hides('alerts', 'x'), 'alerts-fire')).toMatchObject({ status: 'not-judged', addLine: 'x' })
  })
})

test('faults of one moment are those that say so of themselves', async () => {
  const { faults } = await discoverAll()
  expect([...MOMENTARY].sort()).toEqual(faults.all.filter(({ value }) => value.momentary).map(({ id }) => id))
})
