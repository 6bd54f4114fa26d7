import { describe, expect, test } from 'vitest'
import { reset, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { breakerOpens } from './breaker-opens.ts'

/** Twenty calls a second while Postgres refuses from 10 s to 18 s; `knocks` are the attempts that the proxy saw. */
function outage(knocks: number[], { answer = unavailable(), toMs = 18_000 } = {}) {
  return aRun()
    .agent('a')
    .calls({ of: 'a', fromMs: 10_000, toMs, everyMs: 50, answer })
    .fault('postgres-refused', { toMs })
    .attempts('postgres', knocks)
}

const beat = (fromMs: number, toMs: number, everyMs: number) =>
  Array.from({ length: Math.ceil((toMs - fromMs) / everyMs) }, (_, i) => fromMs + i * everyMs)
const soon = [...beat(10_050, 10_650, 30), 12_700, 14_700, 16_700]

describe('breaker-opens', () => {
  test('holds when attempts stop soon and refusals are fast', () => {
    expect(find(breakerOpens, outage(soon))).toMatchObject({ status: 'pass', limit: 24 })
  })

  test('holds when nothing knocked at all: the live connections’ failures were enough', () => {
    expect(find(breakerOpens, outage([]))).toMatchObject({ status: 'pass', measured: 0 })
  })

  test('a server that is gone knocks at nothing, and is no breaker that opened', () => {
    const found = find(breakerOpens, outage([], { answer: reset() }))
    expect(found).toMatchObject({ status: 'unknown', says: expect.stringContaining('a server that is gone') })
  })

  test('holds after many attempts when they stopped soon, without a margin to the count', () => {
    const story = outage([...beat(10_050, 12_000, 50), 14_200, 16_400])
    expect(find(breakerOpens, story)).toMatchObject({ status: 'pass', measured: 35, says: expect.stringContaining('24 attempts or 2 s') })
    const verdict = verdictOf(story.check('breaker-opens'), 'breaker-opens')
    expect(verdict).toMatchObject({ measured: 35 })
    expect(verdict).not.toHaveProperty('margin')
  })

  test('each instance has a breaker of its own, which counts for itself; so has each that the server shows', () => {
    const slowly = beat(10_050, 13_000, 20)
    expect(find(breakerOpens, outage(slowly))).toMatchObject({ status: 'fail', limit: 24 })
    const several = outage(slowly)
    several.manifest.declared.instances = 8
    expect(find(breakerOpens, several)).toMatchObject({ status: 'pass', limit: 192 })
    const shown = outage(beat(10_050, 13_000, 50))
    for (const atMs of beat(12_000, 18_000, 500))
      for (const tool of ['read', 'query', 'write'])
        shown.sample('prometheus', atMs, { [`breakerOpen{dependency="postgres",tool="${tool}"}`]: 1 })
    expect(find(breakerOpens, shown)).toMatchObject({ status: 'pass', limit: 64 })
  })

  test('at quick scale four seconds of knocking are too long, at full scale they are not', () => {
    const story = outage([...beat(10_050, 14_000, 50), 16_200])
    expect(find(breakerOpens, story)).toMatchObject({ status: 'fail', unit: 'attempts before it opened' })
    story.plan.scale = 'full'
    expect(find(breakerOpens, story).status).toBe('pass')
  })

  test('an API behind of which every answer is an error is a dead dependency too: its requests are counted', () => {
    const errors = (asked: number[], share: number) => {
      const story = aRun()
        .agent('a')
        .calls({ of: 'a', role: 'external', fromMs: 10_000, toMs: 14_000, everyMs: 40, answer: unavailable() })
        .fault('upstream-errors', { on: 'upstream', toMs: 14_000, parameters: { share } })
      story.manifest.offers['link:upstream'] = true
      for (const atMs of asked) story.hits.push({ kind: 'hit', atMs: T0_MS + atMs, status: 503 })
      return find(breakerOpens, story)
    }
    const knocks = beat(10_050, 14_000, 40)
    expect(errors([...beat(10_050, 10_500, 40), 12_600], 1)).toMatchObject({ status: 'pass', limit: 20 })
    expect(errors(knocks, 1)).toMatchObject({ status: 'fail', says: expect.stringContaining('attempts at upstream') })
    expect(errors(knocks, 0.5).says).toContain('no fault of the plan')
  })

  test('so is one that hangs, once a deadline has told so: a breaker that counts no timeouts knocks on', () => {
    const hang = (asked: number[], toMs = 18_000) => {
      const story = aRun().agent('a').fault('upstream-hang', { on: 'upstream', toMs })
      Object.assign(story.plan.roles.external ?? {}, { deadlineMs: 1_500 })
      story.manifest.offers['link:upstream'] = true
      for (let atMs = 10_000; atMs < toMs; atMs += 40) {
        const knocks = asked.includes(atMs)
        if (knocks) story.hits.push({ kind: 'hit', atMs: T0_MS + atMs + 2, status: 0 })
        story.call({ of: 'a', role: 'external', atMs, answer: knocks ? toolError('TOOL_TIMEOUT', 1_500) : unavailable() })
      }
      return find(breakerOpens, story)
    }
    const timely = [...beat(10_000, 12_000, 40), 14_000, 16_000]
    expect(hang(timely)).toMatchObject({ status: 'pass' })
    expect(hang(beat(10_000, 18_000, 40))).toMatchObject({ status: 'fail', measured: 199 })
    expect(hang([...beat(10_000, 14_000, 40), 16_000]).status).toBe('fail')
    expect(hang(beat(10_000, 14_000, 40), 14_000)).toMatchObject({ notExercised: true })
  })

  test('fails when every call knocks to the end, with calls as witnesses', () => {
    const found = find(breakerOpens, outage(beat(10_050, 18_000, 50), { answer: toolError('DEPENDENCY_UNAVAILABLE') }))
    expect(found).toMatchObject({
      status: 'fail',
      measured: 159,
      unit: 'attempts',
      says: expect.stringContaining('to the end of the outage'),
    })
    expect(found.witnesses?.length).toBe(20)
    expect(found.advice?.[0]).toMatchObject({ setting: 'BREAKER_FAILURES', present: '20' })
  })

  test('one that is declared to stay open for longer than the outage is told by its silence; one that opens late fails still', () => {
    const declared = (knocks: number[]) => {
      const story = outage(knocks)
      story.manifest.declared.breakerOpenMs = 60_000
      return find(breakerOpens, story)
    }
    // resilience4j as it comes: half of the last hundred calls must have failed.
    expect(declared(beat(10_050, 11_600, 30))).toMatchObject({ status: 'pass', says: expect.stringContaining('then it stopped knocking') })
    expect(declared(beat(10_050, 15_000, 30))).toMatchObject({ status: 'fail', unit: 'attempts before it opened' })
    expect(declared(beat(10_050, 18_000, 30))).toMatchObject({ status: 'fail', says: expect.stringContaining('to the end of the outage') })
  })

  test('as many probes as are declared are an open breaker', () => {
    const several = (breakerProbes: number) => {
      const story = outage([...beat(10_050, 10_650, 30), ...[12_700, 14_800, 16_900].flatMap((atMs) => beat(atMs, atMs + 100, 10))])
      story.manifest.declared.breakerProbes = breakerProbes
      return find(breakerOpens, story)
    }
    expect(several(10).status).toBe('pass')
    expect(several(1).status).toBe('fail')
  })

  test('fails when it opened, but too late', () => {
    expect(find(breakerOpens, outage(beat(10_050, 15_800, 50)))).toMatchObject({ status: 'fail' })
  })

  test('fails when refusals are slow once it is open', () => {
    expect(find(breakerOpens, outage(soon, { answer: { ...unavailable(), afterMs: 400 } }))).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('refusals took 400 ms'),
    })
  })

  test('the way to a server far away is no slowness of its refusals', () => {
    const far = outage(soon, { answer: { ...unavailable(), afterMs: 240 } })
    far.manifest.url = 'https://mcp.example.org/v1/mcp'
    far.call({ of: 'a', atMs: 3_000, answer: served(180) })
    expect(find(breakerOpens, far).status).toBe('pass')
  })

  test('the probes themselves may be slow', () => {
    const story = outage(soon)
    for (const line of story.load.filter((line) => line.kind === 'end').slice(-3)) line.endedAtMs += 1_500
    expect(find(breakerOpens, story).status).toBe('pass')
  })

  test('cannot tell when hardly anybody asked', () => {
    const story = aRun().agent('a').calls({ of: 'a', fromMs: 10_000, toMs: 18_000, everyMs: 1_000, answer: unavailable() })
    expect(find(breakerOpens, story.fault('postgres-refused').attempts('postgres', [10_050, 11_050])).status).toBe('unknown')
  })

  test('cannot tell when the outage was too short', () => {
    expect(find(breakerOpens, outage(beat(10_050, 11_900, 50), { toMs: 11_900 })).status).toBe('unknown')
  })

  test('cannot tell when its own metric never showed it open', () => {
    const story = outage(soon)
    for (const atMs of beat(12_000, 18_000, 500)) story.sample('prometheus', atMs, { breakerOpen: 0 })
    expect(find(breakerOpens, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('its own metric') })
    for (const atMs of beat(12_000, 18_000, 500)) story.sample('prometheus', atMs, { breakerOpen: 1 })
    expect(find(breakerOpens, story).status).toBe('pass')
  })

  test('without a link it is inferred from failures that become fast', () => {
    const quick = outage([]).hides('link:postgres', "dependencies: { postgres: { address: '…' } }")
    const opened = find(breakerOpens, quick)
    expect(opened).toMatchObject({ status: 'pass', evidence: 'inferred' })
    expect(opened.says).toContain('whether a breaker or a refused connection made them so cannot be seen from outside')
    const slow = outage([], { answer: toolError('DEPENDENCY_UNAVAILABLE', 900) }).hides('link:postgres', '…')
    expect(find(breakerOpens, slow)).toMatchObject({ status: 'fail', evidence: 'inferred' })
    expect(find(breakerOpens, slow).says).not.toContain('from outside')
  })

  test('has nothing to look at without an outage', () => {
    expect(find(breakerOpens, aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).fault('postgres-latency'))).toMatchObject({
      notExercised: true,
    })
  })

  test('is not judged where answers are not seen', () => {
    expect(verdictOf(outage(soon).hides('responses', 'url'), 'breaker-opens').status).toBe('not-judged')
  })
})
