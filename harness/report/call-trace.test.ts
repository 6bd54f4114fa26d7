import { describe, expect, it } from 'vitest'
import type { Call } from '../history/event.ts'
import type { SpanLine } from '../history/raw-line.ts'
import { traceOf } from './call-trace.ts'
import { exampleHistory } from './example/history.ts'

const [example] = exampleHistory().calls
if (!example) throw new Error('the example has calls')
const call: Call = {
  ...example,
  call: 'r7-steady-01-t1-2',
  trace: '4bf92f3577b34da6a3ce929d0e0e4736',
  plannedAtMs: 1_000,
  sentAtMs: 1_002,
  endedAtMs: 1_052,
  attempt: 1,
  server: { instance: '1', durationMs: 40 },
}
const before: Call = { ...call, call: 'r7-steady-01-t1-1', sentAtMs: 100, endedAtMs: 400 }
const span = (more: Partial<SpanLine>): SpanLine => ({
  kind: 'span',
  atMs: 1_005,
  endedAtMs: 1_045,
  trace: call.trace,
  span: 'a',
  parent: '4bf92f3500000002',
  name: 'tools/call x',
  role: 'server',
  attributes: {},
  ...more,
})

describe('where the time of a call went', () => {
  it('begins with the model’s turn and what was late, then the call as its agent felt it', () => {
    const { server: _, ...unlogged } = call
    const { rows, inside } = traceOf(unlogged, [before, unlogged], [], [])
    expect(rows.map(({ part, fromMs, toMs }) => [part, fromMs, toMs])).toEqual([
      ['model', 400, 1_000],
      ['late', 1_000, 1_002],
      ['call', 1_002, 1_052],
    ])
    expect(inside).toBe('nothing')
  })

  it('takes the spans that descend from the call’s own, and no other call’s', () => {
    const query = span({
      span: 'b',
      parent: 'a',
      name: 'select',
      attributes: { 'db.system.name': 'postgresql' },
      atMs: 1_020,
      endedAtMs: 1_030,
    })
    const other = span({ span: 'c', parent: '4bf92f3500000001', name: 'tools/call y' })
    const { rows, inside } = traceOf(call, [call], [query, other, span({ attributes: { 'desk.queue_ms': 5 } })], [])
    expect(inside).toBe('spans')
    expect(rows.slice(2).map(({ name, part, depth, fromMs, toMs }) => [name, part, depth, fromMs, toMs])).toEqual([
      ['tools/call x', 'server', 1, 1_005, 1_045],
      ['select', 'postgres', 2, 1_020, 1_030],
      ['queue', 'queue', 2, 1_015, 1_020],
    ])
  })

  it('falls back to the timings of the log line, laid one after the other within the call', () => {
    const log = [{ where: 'server-1.log:1', text: '{"duration_ms":40,"queue_ms":10,"db_ms":20,"upstream_ms":0,"note":"x"}' }]
    const { rows, inside } = traceOf(call, [call], [], log)
    expect(inside).toBe('log')
    expect(rows.slice(2).map(({ part, fromMs, toMs }) => [part, fromMs, toMs])).toEqual([
      ['server', 1_007, 1_047],
      ['queue', 1_007, 1_017],
      ['postgres', 1_017, 1_037],
    ])
    expect(traceOf(call, [call], [], [{ where: 'x', text: 'no JSON' }]).rows).toHaveLength(3)
  })

  it('ends, however the spans point at each other', () => {
    const [a, b] = [span({ parent: '4bf92f3500000002' }), span({ span: 'b', parent: 'a' })]
    const { rows } = traceOf(call, [call], [a, b, span({ parent: 'b' })], [])
    expect(rows.length).toBeLessThan(10)
  })
})
