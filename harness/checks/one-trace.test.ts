import { describe, expect, test } from 'vitest'
import { refused, served, toolError } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { oneTrace } from './one-trace.ts'

/** Sixty calls, each with the spans that a whole one has. */
const traced = (calls = 60) => {
  const story = aRun().agent('a')
  for (let n = 0; n < calls; n++) story.call({ of: 'a', atMs: 3_000 + n * 100, answer: served() }).traced()
  return story
}
/** The spans of one call in another form. */
const changed = (story: Story, call: number, change: (span: Story['spans'][number]) => Partial<Story['spans'][number]> | undefined) => {
  const { trace } = story.sends[call - 1] ?? {}
  const own = story.spans.filter((span) => span.trace === trace)
  story.spans.splice(0, story.spans.length, ...story.spans.filter((span) => span.trace !== trace))
  for (const span of own) {
    const other = change(span)
    if (other) story.spans.push({ ...span, ...other })
  }
  return story
}
const isServer = ({ role }: { role: string }) => role === 'server'

describe('one-trace', () => {
  test('holds when each call has the server’s span and the database’s below it', () => {
    expect(find(oneTrace, traced())).toMatchObject({ status: 'pass', measured: 1, samples: 60, limit: 0.99 })
  })

  test('fails when the server begins a trace of its own', () => {
    const story = traced()
    for (const span of story.spans) span.trace = `f${span.trace.slice(1)}`
    const finding = find(oneTrace, story)
    expect(finding).toMatchObject({ status: 'fail', measured: 0, says: expect.stringContaining('60 without a span of the server') })
    expect(witnesses(story, finding)).toHaveLength(20)
  })

  test('fails when the database’s spans hang elsewhere, or there are none', () => {
    const astray = traced()
    for (let n = 1; n <= 5; n++) changed(astray, n, (span) => (isServer(span) ? {} : { trace: 'f'.repeat(32) }))
    expect(find(oneTrace, astray)).toMatchObject({ status: 'fail', says: expect.stringContaining('5 without a span of the database') })
    const none = traced()
    for (let n = 1; n <= 60; n++) changed(none, n, (span) => (isServer(span) ? {} : undefined))
    expect(find(oneTrace, none)).toMatchObject({ status: 'fail', measured: 0 })
    const redis = traced()
    for (let n = 1; n <= 60; n++) changed(redis, n, (span) => (isServer(span) ? {} : { attributes: { 'db.system': 'redis' } }))
    expect(find(oneTrace, redis).status).toBe('fail')
  })

  test('an answer that was kept asks no database; spans that hang below another call, or nowhere, are lost all the same', () => {
    const isDatabase = ({ role }: { role: string }) => role === 'client'
    const kept = (call: number, other: Partial<Story['spans'][number]> | undefined) =>
      changed(traced(), call, (span) => (isDatabase(span) ? other : {}))
    const cached = traced()
    for (let n = 2; n <= 40; n++) changed(cached, n, (span) => (isDatabase(span) ? undefined : {}))
    expect(find(oneTrace, cached)).toMatchObject({ status: 'pass', measured: 1, says: expect.stringContaining('39 without asking') })
    const [server] = traced().spans.filter(isServer)
    const { trace = '', span = '' } = server ?? {}
    for (const lost of [{ trace: 'f'.repeat(32) }, { trace, parent: span }]) expect(find(oneTrace, kept(30, lost)).measured).toBe(59 / 60)
    expect(find(oneTrace, kept(30, undefined)).measured).toBe(1)
  })

  test('a span between the agent and the server, or between the server and the database, breaks nothing', () => {
    const story = traced()
    for (let n = 1; n <= 60; n++) changed(story, n, (span) => (isServer(span) ? { parent: 'abcdefabcdef0001' } : {}))
    expect(find(oneTrace, story).status).toBe('pass')
    const deeper = traced()
    for (const span of [...deeper.spans]) {
      if (isServer(span)) continue
      deeper.spans.push({ ...span, span: `${span.span.slice(0, 8)}deadbeef`, role: 'internal', attributes: {} })
      span.parent = `${span.span.slice(0, 8)}deadbeef`
    }
    expect(find(oneTrace, deeper).status).toBe('pass')
  })

  test('two layers of a server may each go on from what the agent sent, beside one another', () => {
    const story = traced()
    for (const span of story.spans.filter(isServer)) {
      const http = `4774${span.span.slice(4)}`
      story.spans.push({ ...span, span: http, name: 'POST /mcp', atMs: span.atMs - 0.5, endedAtMs: span.endedAtMs + 0.5 })
    }
    expect(find(oneTrace, story)).toMatchObject({ status: 'pass', measured: 1 })
  })

  describe('a server that samples', () => {
    /** Of 600 calls, alternately of two tools, the spans of those that are named. */
    const sampled = (isThere: (call: number) => boolean) => {
      const story = aRun().agent('a')
      for (let n = 0; n < 600; n++) {
        story.call({ of: 'a', atMs: 3_000 + n * 10, role: n % 2 === 0 ? 'cheapRead' : 'expensiveRead', answer: served() })
        if (isThere(n)) story.traced()
      }
      return story
    }

    test('is unknown where those that it kept are whole: nobody can tell it from one that loses them', () => {
      expect(
        find(
          oneTrace,
          sampled((n) => n % 5 === 0),
        ),
      ).toMatchObject({
        status: 'unknown',
        measured: 1,
        samples: 120,
        says: expect.stringContaining('of 480 more not one span came'),
      })
    })

    test('fails where those are not whole, where a tool has none, where it loses some, and where it began traces of its own', () => {
      const halves = sampled((n) => n % 5 === 0)
      halves.spans.splice(0, halves.spans.length, ...halves.spans.filter(isServer))
      expect(find(oneTrace, halves).status).toBe('fail')
      expect(
        find(
          oneTrace,
          sampled((n) => n % 2 === 0),
        ).status,
      ).toBe('fail')
      expect(
        find(
          oneTrace,
          sampled((n) => n % 10 !== 0),
        ).status,
      ).toBe('fail')
      const own = sampled(() => true)
      const lost = new Set(own.sends.flatMap(({ trace }, n) => (n % 5 === 0 ? [] : [trace])))
      for (const span of own.spans) if (lost.has(span.trace)) span.trace = `f${span.trace.slice(1)}`
      expect(find(oneTrace, own)).toMatchObject({ status: 'fail', samples: 600 })
    })
  })

  test('what reached the upstream must carry the trace, and be a span', () => {
    const story = traced().agent('b')
    story.call({ of: 'b', role: 'external', atMs: 9_000, answer: served() }).traced()
    const { call, trace } = story.sends.at(-1) as { call: string; trace: string }
    story.hits.push({ kind: 'hit', atMs: 9_010, status: 200, call, trace })
    expect(find(oneTrace, story)).toMatchObject({ status: 'pass', measured: 1 })
    story.hits.push({ kind: 'hit', atMs: 9_012, status: 200, call, trace: 'f'.repeat(32) })
    expect(find(oneTrace, story)).toMatchObject({ says: expect.stringContaining('1 asked upstream under another trace') })
    story.hits.pop()
    changed(story, 61, (span) => (isServer(span) ? {} : undefined))
    expect(find(oneTrace, story)).toMatchObject({ says: expect.stringContaining('1 without a span of the upstream') })
  })

  test('a span of Redis is none of the upstream', () => {
    const story = traced().agent('b')
    for (let n = 0; n < 60; n++) story.call({ of: 'b', role: 'external', atMs: 9_000 + n * 100, answer: served() }).traced()
    for (let n = 61; n <= 120; n++) changed(story, n, (span) => (isServer(span) ? {} : { attributes: { 'db.system.name': 'redis' } }))
    expect(find(oneTrace, story)).toMatchObject({ status: 'fail', says: expect.stringContaining('60 without a span of the upstream') })
  })

  test('where nobody knows whose requests reached the stub, spans are asked for all the same', () => {
    const story = traced().agent('b')
    for (let n = 0; n < 60; n++) story.call({ of: 'b', role: 'external', atMs: 9_000 + n * 100, answer: served() }).traced()
    story.hits.push({ kind: 'hit', atMs: 9_010, status: 200 })
    expect(find(oneTrace, story)).toMatchObject({ status: 'pass', measured: 1 })
    for (let n = 61; n <= 120; n++) changed(story, n, (span) => (isServer(span) ? {} : undefined))
    expect(find(oneTrace, story)).toMatchObject({ status: 'fail', says: expect.stringContaining('60 without a span of the upstream') })
  })

  test('an answer that was kept asks no upstream either; spans that hang nowhere are lost', () => {
    const asked = (other: Partial<Story['spans'][number]> | undefined) => {
      const story = traced().agent('b')
      for (let n = 0; n < 60; n++) story.call({ of: 'b', role: 'external', atMs: 9_000 + n * 100, answer: served() }).traced()
      for (let n = 62; n <= 120; n++) changed(story, n, (span) => (isServer(span) ? {} : other))
      return find(oneTrace, story)
    }
    expect(asked(undefined)).toMatchObject({ status: 'pass', measured: 1 })
    expect(asked({ trace: 'f'.repeat(32) })).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('59 without a span of the upstream'),
    })
  })

  test('refusals need no span, failures of a tool one of the server', () => {
    const story = traced().call({ of: 'a', atMs: 9_500, answer: refused() })
    expect(find(oneTrace, story)).toMatchObject({ status: 'pass', samples: 60 })
    story.call({ of: 'a', atMs: 9_600, answer: toolError('INVALID_ARGUMENTS') }).traced()
    changed(story, 62, (span) => (isServer(span) ? {} : undefined))
    expect(find(oneTrace, story)).toMatchObject({ status: 'pass', measured: 1, samples: 61 })
  })

  test('calls around a kill, and traces that had no room, are left out', () => {
    const story = traced()
    story.call({ of: 'a', atMs: 9_800, answer: served() }).fault('server-killed', { on: 'server', fromMs: 12_000, toMs: 13_000 })
    expect(find(oneTrace, story).samples).toBeLessThan(60)
    expect(find(oneTrace, story)).toMatchObject({ status: 'unknown', measured: 1 })
    const thin = traced(120)
    thin.manifest.spans = { received: 240, kept: 120, oneIn: 2, refused: 0 }
    thin.spans.splice(0, thin.spans.length, ...thin.spans.filter(({ trace }) => Number.parseInt(trace.slice(-1), 16) % 2 === 0))
    expect(find(oneTrace, thin, { least: 40 })).toMatchObject({ status: 'pass', measured: 1 })
  })

  test('is unknown between chance and a fail, and without a single span', () => {
    expect(
      find(
        oneTrace,
        changed(traced(), 1, () => undefined),
      ),
    ).toMatchObject({ status: 'unknown', measured: 59 / 60 })
    const none = traced()
    none.spans.length = 0
    none.manifest.spans = { received: 0, kept: 0, oneIn: 1, refused: 3, because: '415, JSON only' }
    expect(find(oneTrace, none)).toMatchObject({ status: 'unknown', says: expect.stringContaining('415, JSON only') })
    expect(find(oneTrace, aRun().agent('a'))).toMatchObject({ notExercised: true })
  })

  test('is not judged when the target sends no spans', () => {
    expect(verdictOf(traced().hides('spans', 'line'), 'one-trace')).toMatchObject({ status: 'not-judged', addLine: 'line' })
  })
})
