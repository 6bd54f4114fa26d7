import { describe, expect, test } from 'vitest'
import { refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun, T0_MS } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf, witnesses } from '../../tests/fixtures/histories/judged.ts'
import { steadyOverTime } from './steady-over-time.ts'
import { trendOf } from './trend.ts'

interface Growth {
  /** Bytes that each refusal leaves in the heap. */
  leakBytes?: number
  /** How far the heap saws up and down, bytes. */
  sawBytes?: number
  /** Sockets that each second leaves. */
  sockets?: number
}

/** 5 answered calls a second throughout, 25 refusals a second under stress. */
function served25s({ leakBytes = 0, sawBytes = 200_000, sockets = 0 }: Growth = {}) {
  const story = aRun().agent('a').agent('runaway', { hostile: true })
  story.plan.settings.heapCollectEveryMs = 1_000
  story.manifest.settings = { HEAP_COLLECT_EVERY_MS: '1000' }
  for (let atMs = 2_000; atMs < 26_000; atMs += 200) story.call({ of: 'a', atMs, answer: served() })
  story.calls({ of: 'runaway', fromMs: 10_000, toMs: 18_000, everyMs: 40, answer: refused() })
  for (let atMs = 0; atMs < 27_000; atMs += 250) {
    const refusals = Math.max(0, Math.min(8_000, atMs - 10_000)) / 40
    const saw = ((atMs / 250) % 7) * (sawBytes / 7)
    story.sample('prometheus', atMs, { heapBytes: 30_000_000 + refusals * leakBytes + saw })
    story.sample('process', atMs, { handles: 40 + Math.floor((sockets * atMs) / 1_000) })
  }
  return story
}

describe('steady-over-time', () => {
  test('holds when the heap saws and nothing grows', () => {
    const found = find(steadyOverTime, served25s())
    expect(found).toMatchObject({ status: 'pass' })
    expect(found.says).toMatch(/ a call .*other figures looked at\)$/)
  })

  test('fails on what each refusal leaves, where the refusals are, and names them', () => {
    const story = served25s({ leakBytes: 38_000 })
    const found = find(steadyOverTime, story)
    expect(found).toMatchObject({ status: 'fail', limit: 4_000, unit: 'bytes a call' })
    expect(found.says).toMatch(/the heap grew through stress by 2\d(\.\d)? kB a call .*(6|7)\d(\.\d)? % of them refused/)
    expect(witnesses(story, found).every((call) => call.class === 'refused')).toBe(true)
    expect(found.witnesses).toHaveLength(20)
  })

  test('fails on sockets that stay open', () => {
    expect(find(steadyOverTime, served25s({ sockets: 12 }))).toMatchObject({ status: 'fail', unit: 'handles a call' })
  })

  test('sessions that the server keeps for a time on purpose are no growth, as long as there are no more of them', () => {
    const kept = (sessionIdleMs: number | undefined, left = 1) => {
      const story = served25s({ leakBytes: 0, sawBytes: 0 })
      for (let atMs = 10_000; atMs < 18_000; atMs += 40) story.call({ of: 'a', role: 'handshake', atMs, answer: served() })
      for (let atMs = 0; atMs < 27_000; atMs += 250) {
        const begun = Math.max(0, Math.min(8_000, atMs - 10_000)) / 40
        story.sample('prometheus', atMs, { sessions: left * begun })
      }
      if (sessionIdleMs !== undefined) story.manifest.declared.sessionIdleMs = sessionIdleMs
      return find(steadyOverTime, story)
    }
    expect(kept(600_000)).toMatchObject({
      status: 'unknown',
      says: expect.stringContaining('which may be 200 sessions that it keeps, as declared'),
    })
    expect(kept(undefined)).toMatchObject({ status: 'fail', unit: 'sessions a call' })
    // They should have gone by the end, and there are three times as many as were begun.
    expect(kept(2_000)).toMatchObject({ status: 'fail', unit: 'sessions a call' })
    expect(kept(600_000, 3)).toMatchObject({ status: 'fail', unit: 'sessions a call' })
  })

  test('a heap that nobody has collected may hold garbage, up to 64 MB of it', () => {
    const uncollected = (leakBytes: number) => {
      const story = served25s({ leakBytes })
      story.manifest.settings = { PORT: '1000' }
      return find(steadyOverTime, story)
    }
    expect(uncollected(38_000)).toMatchObject({ status: 'unknown', says: expect.stringContaining('garbage that nobody has collected') })
    expect(uncollected(700_000)).toMatchObject({ status: 'fail', unit: 'bytes a call' })
  })

  test('an engine that collects seldom may hold all that came since: a JVM fills its young generation first', () => {
    const jvm = (heapAt: (atMs: number) => number) => {
      const story = served25s()
      story.manifest.settings = {}
      for (const { atMs, values } of story.samples)
        if ('heapBytes' in values) {
          delete values.heapBytes
          values['heapBytes{id="G1 Eden Space"}'] = heapAt(atMs - T0_MS)
          values['heapBytes{id="G1 Old Gen"}'] = 40_000_000
        }
      return find(steadyOverTime, story)
    }
    const inStress = (atMs: number) => Math.max(0, Math.min(8_000, atMs - 10_000))
    // 2.5 MB each 40 ms, collected once at 12 s, and then not again.
    const young = (atMs: number) => 5_000_000 + 60_000 * inStress(atMs) - (atMs >= 12_000 ? 110_000_000 : 0)
    expect(jvm(young)).toMatchObject({ status: 'unknown', says: expect.stringContaining('garbage that nobody has collected yet') })
    // It throws away 20 MB again and again, and ten times as much stays.
    const leaking = (atMs: number) => young(atMs) + ((atMs / 250) % 4) * 5_000_000
    expect(jvm(leaking)).toMatchObject({ status: 'fail', unit: 'bytes a call' })
    expect(jvm((atMs) => 5_000_000 + ((atMs / 250) % 8) * 10_000_000).status).not.toBe('fail')
  })

  test('parts of one heap, or workers of one instance, are one instance’s', () => {
    const parted = (parts: number) => {
      const story = served25s({ leakBytes: 38_000 })
      for (const { values } of story.samples)
        if (values.heapBytes !== undefined) {
          for (let n = 1; n < parts; n++) values[`heapBytes{part="${n}"}`] = 1_000_000
          values['heapBytes{part="0"}'] = values.heapBytes
          delete values.heapBytes
        }
      return find(steadyOverTime, story).measured
    }
    expect(parted(4)).toBeCloseTo(parted(1) ?? 0, 3)
  })

  test('cannot tell what grew outside of the heap: memory that no runtime gives back, or a leak of buffers', () => {
    const grown = (bytes: number) => {
      const story = served25s()
      for (const { atMs, values } of story.samples)
        if ('handles' in values) values.rssBytes = 90_000_000 + bytes * Math.max(0, Math.min(1, (atMs - T0_MS - 10_000) / 8_000))
      story.sample('process', 5_000, {})
      return find(steadyOverTime, story)
    }
    expect(grown(70_000_000).status).toBe('pass')
    expect(grown(500_000_000)).toMatchObject({
      status: 'unknown',
      says: expect.stringMatching(/the memory of its processes grew .*, which may be what its runtime does not give back/),
    })
  })

  test('connections that calls at once have opened stay open for the next', () => {
    const opened = (atOnce: number) => {
      const story = served25s()
      for (let n = 0; n < atOnce; n++) story.call({ of: 'a', atMs: 12_000, answer: served(500) })
      for (const { atMs, values } of story.samples) if ('handles' in values && atMs >= T0_MS + 12_000) values.handles = 240
      return find(steadyOverTime, story)
    }
    expect(opened(100)).toMatchObject({ status: 'unknown', says: expect.stringContaining('connections of 10') })
    expect(opened(10)).toMatchObject({ status: 'fail', unit: 'handles a call' })
  })

  test('fails on answers that get slower, once they were seen for half a minute', () => {
    const long = (slowerMs: number) => {
      const story = served25s()
      story.plan.endsAtMs = 60_000
      for (const phase of story.plan.phases) if (phase.name === 'recovery') phase.toMs = 60_000
      for (let atMs = 26_000; atMs < 59_000; atMs += 250)
        story.call({ of: 'a', atMs, answer: served(20 + (slowerMs * (atMs - 26_000)) / 1_000) })
      return find(steadyOverTime, story)
    }
    expect(long(0).status).toBe('pass')
    expect(long(10)).toMatchObject({ status: 'fail', unit: 'ms' })
  })

  test('cannot tell when the heap saws more than it could have grown, or nothing was seen', () => {
    expect(find(steadyOverTime, served25s({ leakBytes: 5_000, sawBytes: 40_000_000 })).status).toBe('unknown')
    const blind = served25s()
    blind.samples.length = 0
    expect(find(steadyOverTime, blind).status).toBe('unknown')
  })

  test('is not judged when a target shows none of it', () => {
    expect(verdictOf(served25s().hides('growth', 'x'), 'steady-over-time')).toMatchObject({ status: 'not-judged', addLine: 'x' })
  })
})

test('a trend is that of the line, and its interval holds it', () => {
  const noisy = Array.from({ length: 30 }, (_, n) => ({ atMs: n * 1_000, value: 5 + 0.002 * n * 1_000 + ((n * 17) % 11) / 4 }))
  const trend = trendOf(noisy, 1)
  expect(trend?.perMs).toBeCloseTo(0.002, 3)
  const [low, high] = trend?.interval ?? [0, 0]
  expect(low).toBeLessThan(0.002)
  expect(high).toBeGreaterThan(0.002)
  expect(high - low).toBeLessThan(0.0005)
  expect(trendOf(noisy.slice(0, 3), 1)).toBeUndefined()
})
