// The counts between calls and Postgres; with a real one: tools/administration.integration.test.ts.
import { expect, test } from 'vitest'
import { identity, sampleCall } from './fixtures/call.ts'
import type { Row, Statement } from './store/session.ts'
import { createUsage } from './usage.ts'

const NEVER_MS = 60_000

function opened() {
  const written: Record<string, unknown>[][] = []
  const state = { answer: (): Promise<Row[]> => Promise.resolve([]) }
  const usage = createUsage(({ values }: Statement) => {
    written.push(JSON.parse(String(values[0])) as Record<string, unknown>[])
    return state.answer()
  }, NEVER_MS)
  return { usage, written, state }
}

const call = (dbMs = 2) =>
  sampleCall({ arguments: { a: 'xxxxxxxx' }, facts: { queueMs: 0, dbMs, upstreamMs: 1, commitSent: false, replayed: false } })

test('adds up by tenant, agent and tool, and writes one row each', async () => {
  const { usage, written } = opened()
  usage.add(call(), false)
  usage.add(call(3), true)
  usage.add(sampleCall({ identity: { ...identity, tenant: 't1' } }), false)
  await usage.close()
  const row = { agent: 'agent-0', tool: 'list_tables' }
  expect(written).toEqual([
    [
      { ...row, tenant: 't0', calls: 2, errors: 1, postgres_ms: 5, upstream_ms: 2, tokens_in: 8 },
      { ...row, tenant: 't1', calls: 1, errors: 0, postgres_ms: 0, upstream_ms: 0, tokens_in: 1 },
    ],
  ])
})

test('what could not be written is written later, with what has come since', async () => {
  const { usage, written, state } = opened()
  usage.add(call(), false)
  state.answer = () => Promise.reject(new Error('away'))
  await usage.flush()
  usage.add(call(), false)
  state.answer = () => Promise.resolve([])
  await usage.close()
  expect(written.map(([row]) => row?.calls)).toEqual([1, 2])
})

test('the last calls are written even when a write was under way', async () => {
  const { usage, written, state } = opened()
  const first = Promise.withResolvers<Row[]>()
  state.answer = () => first.promise
  usage.add(call(), false)
  const flushing = usage.flush()
  usage.add(call(), false)
  const closed = usage.close()
  state.answer = () => Promise.resolve([])
  first.resolve([])
  await Promise.all([flushing, closed])
  expect(written).toHaveLength(2)
})

test('calls of nobody and of no tool cost nobody', async () => {
  const { usage, written } = opened()
  const { identity: _, ...nobody } = sampleCall()
  const { tool: __, ...discovery } = sampleCall()
  usage.add(nobody, false)
  usage.add(discovery, false)
  await usage.close()
  expect(written).toEqual([])
})
