import { describe, expect, test } from 'vitest'
import { served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { breakerRecovers } from './breaker-recovers.ts'

/** Postgres is away from 10 to 18.1 s; a dozen attempts, then probes at these moments; served again from `backAtMs` on. */
function outage({ probes = [12_500, 14_600, 16_700] as number[], backAtMs = 19_500 } = {}) {
  const story = aRun().agent('a').fault('postgres-refused')
  story.calls({ of: 'a', fromMs: 2_000, toMs: 10_000, everyMs: 100, answer: served() })
  story.calls({ of: 'a', fromMs: 10_000, toMs: backAtMs, everyMs: 100, answer: unavailable() })
  story.calls({ of: 'a', fromMs: backAtMs, toMs: 26_000, everyMs: 100, answer: served(20) })
  return story.attempts('postgres', [10_030, 10_050, 10_100, 10_200, ...probes])
}

describe('breaker-recovers', () => {
  test('holds with one probe at a time and a call served soon after the heal', () => {
    expect(find(breakerRecovers, outage())).toMatchObject({
      status: 'pass',
      measured: 1,
      says: expect.stringContaining('1.4 s after the heal'),
    })
  })

  test('fails when everybody is let through at once, with the calls of that moment', () => {
    const found = find(breakerRecovers, outage({ probes: [12_500, ...Array.from({ length: 17 }, (_, n) => 14_600 + n * 5)] }))
    expect(found).toMatchObject({
      status: 'fail',
      measured: 17,
      limit: 1,
      says: expect.stringContaining('17 attempts reached postgres at once'),
    })
    expect(found.witnesses?.length).toBeGreaterThan(2)
  })

  test('advice follows what was seen: one at a time is no setting, and a queue that stays full is no breaker', () => {
    const flood = outage({ probes: [12_500, ...Array.from({ length: 17 }, (_, n) => 14_600 + n * 5)] })
    expect(verdictOf(flood, 'breaker-recovers').advice).toBeUndefined()
    expect(verdictOf(outage({ backAtMs: 23_000 }), 'breaker-recovers').remedy.control).toMatch(/breaker/)
    const stuck = outage({ backAtMs: 18_000 })
    stuck.load.splice(0, stuck.load.length, ...stuck.load.filter((line) => line.kind !== 'end' || line.endedAtMs < 18_000))
    const queued = toolError('QUEUE_FULL', 5)
    for (const send of stuck.sends.filter(({ sentAtMs }) => sentAtMs >= 18_000))
      stuck.load.push({
        kind: 'end',
        seq: 0,
        call: send.call,
        agent: 'a',
        endedAtMs: send.sentAtMs + 5,
        rpcId: send.call,
        ...queued.evidence,
      })
    expect(find(breakerRecovers, stuck)).toMatchObject({ status: 'fail', remedy: { control: 'bulkhead' } })
  })

  test('connections that are made at once after the heal are a pool that fills again', () => {
    const story = outage({ probes: [12_500, 14_600, 16_700, ...Array.from({ length: 10 }, (_, n) => 18_700 + n)], backAtMs: 18_800 })
    expect(find(breakerRecovers, story)).toMatchObject({ status: 'pass', measured: 1 })
  })

  test('what follows a probe that succeeded is traffic', () => {
    const probe = 18_600
    const story = outage({
      probes: [12_500, 14_600, 16_700, probe, ...Array.from({ length: 9 }, (_, n) => probe + 30 + n * 20)],
      backAtMs: probe,
    })
    expect(find(breakerRecovers, story)).toMatchObject({ status: 'pass', measured: 1 })
  })

  test('two instances may probe with a call each', () => {
    const story = outage({ probes: [12_500, 12_520] })
    expect(find(breakerRecovers, story).status).toBe('fail')
    story.manifest.declared.instances = 2
    expect(find(breakerRecovers, story).status).toBe('pass')
  })

  test('so may two breakers of one instance, where the server shows that each tool has its own', () => {
    const shown = (tools: readonly string[]) => {
      const story = outage({ probes: [12_500, 12_520] })
      for (let atMs = 0; atMs < 27_000; atMs += 500)
        for (const tool of tools) story.sample('prometheus', atMs, { [`breakerOpen{dependency="postgres",tool="${tool}"}`]: 0 })
      return find(breakerRecovers, story)
    }
    expect(shown(['read']).status).toBe('fail')
    expect(shown(['read', 'write'])).toMatchObject({ status: 'pass', limit: 2 })
  })

  test('fails when it closes late, or never', () => {
    expect(find(breakerRecovers, outage({ backAtMs: 23_000 }))).toMatchObject({ status: 'fail', unit: 'ms after the heal', limit: 4_000 })
    expect(find(breakerRecovers, outage({ backAtMs: 26_000 }))).toMatchObject({ status: 'fail', says: expect.stringContaining('never') })
  })

  describe('a breaker whose open time nobody has told', () => {
    const line = 'declared: { breakerOpenMs: 30_000 }'
    const foreign = (story = outage({ backAtMs: 23_000 })) => {
      const { breakerOpenMs: _told, ...declared } = story.manifest.declared
      story.manifest.declared = declared
      return story.hides('declared.breakerOpenMs', line)
    }

    test('may stay open for half a minute: used again late is not judged, and says which line would have it judged', () => {
      for (const essential of [true, false]) {
        const late = foreign().check('breaker-recovers', {}, { essential })
        expect(verdictOf(late, 'breaker-recovers')).toMatchObject({ status: 'not-judged', addLine: line, essential })
      }
      expect(verdictOf(foreign(outage({ backAtMs: 26_000 })), 'breaker-recovers').because).toContain('never')
    })

    test('passes when it closes soon all the same, and fails when it lets everybody through', () => {
      expect(verdictOf(foreign(outage()), 'breaker-recovers').status).toBe('pass')
      const flood = outage({ probes: [12_500, ...Array.from({ length: 17 }, (_, n) => 14_600 + n * 5)], backAtMs: 23_000 })
      expect(verdictOf(foreign(flood), 'breaker-recovers')).toMatchObject({ status: 'fail', measured: 17 })
    })
  })

  describe('a breaker that asks with several', () => {
    const asks = (probes: number, declared?: number) => {
      const story = outage({ probes: [12_500, ...Array.from({ length: probes }, (_, n) => 14_600 + n * 33)] })
      const { breakerProbes: _told, ...promises } = story.manifest.declared
      story.manifest.declared = { ...promises, ...(declared !== undefined && { breakerProbes: declared }) }
      return story.hides('declared.breakerProbes', 'declared: { breakerProbes: 3 }')
    }

    test('is held to as many as are declared, though they take longer than a moment', () => {
      expect(find(breakerRecovers, asks(10, 10))).toMatchObject({ status: 'pass', measured: 10, limit: 10 })
      expect(find(breakerRecovers, asks(10, 3))).toMatchObject({ status: 'fail', measured: 10, limit: 3 })
    })

    test('is not judged up to ten where nothing is declared, and told the line; a fail beyond', () => {
      const line = 'declared: { breakerProbes: 3 }'
      expect(verdictOf(asks(10), 'breaker-recovers')).toMatchObject({ status: 'not-judged', addLine: line })
      expect(verdictOf(asks(11), 'breaker-recovers')).toMatchObject({ status: 'fail', measured: 11 })
      const late = asks(3)
      late.load.splice(0, late.load.length, ...late.load.filter((sent) => sent.kind !== 'end' || sent.endedAtMs < 18_000))
      expect(find(breakerRecovers, late)).toMatchObject({ status: 'fail', says: expect.stringContaining('never') })
    })
  })

  test('answers that were kept are no silence of a breaker: what is asked anew after them is no flood', () => {
    const story = aRun().agent('a').fault('postgres-refused')
    story.calls({ of: 'a', fromMs: 2_000, toMs: 26_000, everyMs: 100, answer: served(2) })
    story.attempts('postgres', [10_030, 12_500, 12_510, 12_520, 12_530])
    expect(find(breakerRecovers, story)).toMatchObject({ notExercised: true })
  })

  test('fails when it was used again soon, but most are turned away for long: one probe at a time until many have succeeded', () => {
    const creeping = (served1: number) => {
      const story = outage({ backAtMs: 19_500 })
      const ends = story.load.filter((line) => line.kind === 'end').filter(({ endedAtMs }) => endedAtMs > 19_700)
      for (const [n, line] of ends.entries()) if (n % served1 !== 0) Object.assign(line, { isError: undefined }, unavailable().evidence)
      return story
    }
    expect(find(breakerRecovers, creeping(10))).toMatchObject({
      status: 'fail',
      unit: 'ms after the heal',
      says: expect.stringMatching(
        /used again 1\.4 s after the heal, and then 3\d of 3\d calls were turned away all the same; allowed are 4 s/,
      ),
    })
    expect(find(breakerRecovers, creeping(1)).status).toBe('pass')
  })

  test('who obeys a throttled API asks again when it was told to', () => {
    const throttled = (retryAfterS: number) => {
      const story = outage({ backAtMs: 24_000 })
      for (const fault of story.plan.faults) fault.parameters.retryAfterS = retryAfterS
      return find(breakerRecovers, story).status
    }
    expect([throttled(0), throttled(3)]).toEqual(['fail', 'pass'])
  })

  test('what a later fault breaks is no late closing of this one', () => {
    const story = outage()
    story.fault('upstream-errors', { on: 'upstream', fromMs: 24_000, toMs: 26_000 })
    for (const line of story.load)
      if (line.kind === 'end' && line.endedAtMs > 24_000) Object.assign(line, { isError: undefined }, unavailable().evidence)
    expect(find(breakerRecovers, story).status).toBe('pass')
    story.calls({ of: 'a', fromMs: 23_900, toMs: 23_990, everyMs: 3, answer: { ...unavailable(), afterMs: 200 } })
    expect(find(breakerRecovers, story).status).toBe('pass')
  })

  test('nor is what was under way when it began', () => {
    const story = outage()
    story.fault('upstream-hang', { on: 'upstream', fromMs: 22_800, toMs: 25_000 })
    for (const line of story.load)
      if (line.kind === 'end' && line.endedAtMs > 22_150)
        Object.assign(line, { isError: undefined, endedAtMs: Math.max(23_000, line.endedAtMs) }, unavailable().evidence)
    expect(find(breakerRecovers, story).status).toBe('pass')
  })

  test('cannot tell when the heal was not seen; has no weight when nothing opened', () => {
    const story = outage()
    story.faults.splice(0, story.faults.length, ...story.faults.filter(({ event }) => event !== 'healed'))
    expect(find(breakerRecovers, story).status).toBe('unknown')
    expect(find(breakerRecovers, outage({ probes: Array.from({ length: 70 }, (_, n) => 10_300 + n * 100) }))).toMatchObject({
      notExercised: true,
    })
  })

  test('is not judged when answers cannot be seen', () => {
    expect(verdictOf(outage().hides('responses', 'x'), 'breaker-recovers').status).toBe('not-judged')
  })
})
