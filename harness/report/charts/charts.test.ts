// The contract of every chart in this folder, and what single ones must show.
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { discover, type Units } from '../../discover.ts'
import { exampleHistory } from '../example/history.ts'
import { hostile } from '../example/hostile.ts'
import { drawSvg } from '../svg.ts'
import { breaker } from './breaker.ts'
import type { Chart } from './chart.ts'
import { stressCalls } from './stress-calls.ts'

const quiet = exampleHistory()
const hard = exampleHistory({ starved: true, fault: true })
let charts: Units<Chart>

beforeAll(async () => {
  charts = await discover<Chart>('chart', import.meta.dirname)
})

describe('every chart', () => {
  it('is found, says what it shows, and has a place of its own', () => {
    expect(charts.ids).toEqual(['breaker', 'calls', 'latency', 'phases', 'pool', 'stress-calls'])
    for (const { value } of charts.all) expect(value.title && value.caption).toBeTruthy()
    expect(new Set(charts.all.map(({ value }) => value.order)).size).toBe(charts.all.length)
    for (const unit of charts.all) expect(path.basename(unit.path)).toBe(`${unit.id}.ts`)
  })

  it('has marks and the whole run as its x axis', async () => {
    for (const { id, value } of charts.all) {
      const spec = value.draw(id === 'stress-calls' ? quiet : hard)
      expect(JSON.stringify(spec), id).toContain('"domain":[0,27]')
      const { text } = await drawSvg(spec as never, id, 'wide')
      expect(text.match(/<(?:path|rect|line|text)\b/g)?.length, id).toBeGreaterThan(10)
    }
  })

  it('shows stress and fault behind its lines', () => {
    for (const { id, value } of charts.all) {
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
      if (spec) expect((await drawSvg(spec, id, 'narrow')).text, id).toContain('<svg')
    }
  })

  it('holds names that are markup as text', async () => {
    const history = exampleHistory({ fault: true, hostileText: hostile.markup })
    for (const { id, value } of charts.all) {
      const spec = value.draw(history)
      if (spec) expect((await drawSvg(spec, id, 'wide')).text, id).not.toMatch(/<(?:script|img|b|\/style)\b/)
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
