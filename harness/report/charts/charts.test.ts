// The contract of every chart in this folder, and what single ones must show.
import path from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { discover, type Units } from '../../discover.ts'
import { exampleHistory } from '../example/history.ts'
import { hostile } from '../example/hostile.ts'
import { drawSvg } from '../svg.ts'
import { breaker } from './breaker.ts'
import type { Chart } from './chart.ts'
import { inFlight } from './in-flight.ts'
import { retryAfter } from './retry-after.ts'
import { stressCalls } from './stress-calls.ts'

// Drawing is nothing but computing: on a busy machine it takes as long as it takes.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const quiet = exampleHistory()
const hard = exampleHistory({ starved: true, fault: true, retries: true })
let charts: Units<Chart>

beforeAll(async () => {
  charts = await discover<Chart>('chart', import.meta.dirname)
})

/** A run in which the chart has something to show. */
function runFor(id: string) {
  return id === 'stress-calls' ? quiet : hard
}

describe('every chart', () => {
  it('is found, says what it shows, and has a place of its own', () => {
    expect(charts.ids.length).toBeGreaterThan(10)
    for (const { value } of charts.all) expect(value.title && value.caption).toBeTruthy()
    expect(new Set(charts.all.map(({ value }) => `${value.place} ${value.order}`)).size).toBe(charts.all.length)
    for (const unit of charts.all) expect(path.basename(unit.path)).toBe(`${unit.id}.ts`)
  })

  it('has the spec that was agreed on', async () => {
    for (const { id, value } of charts.all) await expect(specText(value.draw(runFor(id)))).toMatchFileSnapshot(`snapshots/${id}.vl.snap`)
  })

  it('has marks, and on the timeline the whole run as its x axis', async () => {
    for (const { id, value } of charts.all) {
      const spec = value.draw(runFor(id))
      if (value.place === 'timeline') expect(JSON.stringify(spec), id).toContain('"domain":[0,27]')
      const { text } = (await drawSvg(spec as never, id)).wide
      expect(text.match(/<(?:path|rect|line|text)\b/g)?.length, id).toBeGreaterThan(10)
    }
  })

  it('shows stress and fault behind its lines', () => {
    for (const { id, value } of charts.all) {
      if (value.place !== 'timeline') continue
      const text = JSON.stringify(
        value.draw(id === 'stress-calls' ? { ...quiet, plan: { ...hard.plan, agents: quiet.plan.agents } } : hard),
      )
      expect(text, id).toContain('"color":"var(--stress-shade)"')
      expect(text, id).toContain('"color":"var(--fault-shade)"')
    }
  })

  it('is no larger for a long run', () => {
    const calls = Array.from({ length: 60 }, (_, round) =>
      hard.calls.map((call) => ({ ...call, sentAtMs: call.sentAtMs + round * 27_000 })),
    ).flat()
    const long = { ...hard, calls, plan: { ...hard.plan, endsAtMs: 60 * 27_000 } }
    for (const { id, value } of charts.all) expect(JSON.stringify(value.draw(long) ?? '').length, id).toBeLessThan(60_000)
  })

  it('draws an empty run without harm', async () => {
    const empty = { ...hard, calls: [], samples: [], faults: [] }
    for (const { id, value } of charts.all) {
      const spec = value.draw(empty)
      if (spec) expect((await drawSvg(spec, id)).narrow.text, id).toContain('<svg')
    }
  })

  it('holds names that are markup as text', async () => {
    const history = exampleHistory({ fault: true, hostileText: hostile.markup })
    for (const { id, value } of charts.all) {
      const spec = value.draw(history)
      if (spec) expect((await drawSvg(spec, id)).wide.text, id).not.toMatch(/<(?:script|img|b|\/style)\b/)
    }
  })
})

it('leaves out the hostile agents’ chart when there are none, and the breaker’s when it is not sampled', () => {
  expect(stressCalls.draw({ ...quiet, plan: { ...quiet.plan, agents: [] } })).toBeUndefined()
  expect(breaker.draw({ ...hard, samples: [] })).toBeUndefined()
})

it('shows a breaker open from the first sample that says so to the next that does not', () => {
  expect(JSON.stringify(breaker.draw(hard))).toContain('"atS":13,"toS":20,"middleS":16.5')
  expect(JSON.stringify(breaker.draw(quiet))).not.toContain('middleS":16.5')
})

it('counts in flight what has begun and not ended, through moments in which nothing begins', () => {
  const [call] = quiet.calls
  if (!call) throw new Error('the example has calls')
  const spans = [
    [1_100, 4_500],
    [1_200, 1_300],
    [6_000, undefined],
  ] as const
  const calls = spans.map(([sentAtMs, endedAtMs], index) => {
    const { endedAtMs: _, ...unanswered } = call
    return { ...unanswered, index, sentAtMs, ...(endedAtMs !== undefined && { endedAtMs }) }
  })
  const spec = JSON.stringify(inFlight.draw({ ...quiet, calls, samples: [] }))
  const most = [...spec.matchAll(/"value":(\d+)/g)].map(([, value]) => Number(value))
  expect(most.slice(0, 8)).toEqual([0, 2, 1, 1, 1, 0, 1, 1])
  expect(most.at(-1)).toBe(1)
})

it('puts a return that waited as told and was refused again on a cross above the line', () => {
  const [, refused, back] = hard.calls
  if (!refused || !back) throw new Error('the example has calls')
  const no = { outcome: 'fail', class: 'refused', good: false } as const
  const first = { ...refused, ...no, call: 'r7-a-t1-1', endedAtMs: 1_000, evidence: { status: 429, retryAfter: '2' } }
  const again = { ...back, ...no, call: 'r7-a-t1-2', parent: 'r7-a-t1-1', sentAtMs: 3_500, endedAtMs: 3_510 }
  const spec = JSON.stringify(retryAfter.draw({ ...hard, calls: [first, again] }))
  expect(spec).toContain('{"toldS":2,"waitedS":2.5,"became":"refused again","waits":1}')
  expect(retryAfter.draw({ ...hard, calls: [first] })).toBeUndefined()
})

/** Readable, and a row of data a line. */
function specText(spec: unknown): string {
  return `${JSON.stringify(spec, undefined, 1).replace(/\{\n\s+"(?:atS|lane|line|toldS|toS|from|zeroS)[^{}]*\}/g, (row) => row.replace(/\n\s*/g, ' '))}\n`
}
