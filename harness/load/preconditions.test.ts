import { expect, test } from 'vitest'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { assertDrivable, assertRoom, leftOut, shareOfRate } from './preconditions.ts'

const { plan } = aRun().agent('steady-01')
const forbidden = { 'X-Idempotency-Key': 'x' }

test('a header that makes k6 send again is refused, from the start and later', () => {
  expect(() => assertDrivable({ plan, headers: [{ authorization: 'Bearer x' }] })).not.toThrow()
  for (const sent of [{ headers: [forbidden] }, { headers: [{}], later: [[{ fromMs: 1_000, headers: forbidden }]] }])
    expect(() => assertDrivable({ plan, ...sent })).toThrow(expect.objectContaining({ code: 'HEADER_FORBIDDEN' }))
})

test('generators share what is allowed, and never have less than one call a second each', () => {
  expect(shareOfRate({ ratePerSecond: 18, perAgent: [] }, { part: 0, of: 4 })).toBe(4)
  expect(() => shareOfRate({ ratePerSecond: 3, perAgent: [] }, { part: 0, of: 4 })).toThrow(
    expect.objectContaining({ code: 'CAP_EXCEEDED' }),
  )
})

test('what a driver leaves out is said: streams of the eras that have them, of agents that listen', () => {
  const { agents } = plan
  const listening = { ...plan, protocol: '2025-11-25' as const, agents: agents.map((agent) => ({ ...agent, listens: 'always' as const })) }
  expect(leftOut({ id: 'k6' }, listening)).toEqual([expect.stringMatching(/^1 agents .* k6 cannot, .*--driver undici/)])
  expect(leftOut({ id: 'undici', holdsStreams: true }, listening)).toEqual([])
  expect(leftOut({ id: 'k6' }, { ...listening, protocol: '2026-07-28' })).toEqual([])
  expect(leftOut({ id: 'k6' }, { ...listening, agents })).toEqual([])
})

test('agents that do not fit into memory are refused, with what to type', () => {
  const k6 = { id: 'k6', agentBytes: 640_000 }
  expect(() => assertRoom(k6, 5_000, 3.2e9)).not.toThrow()
  expect(() => assertRoom(k6, 5_000, 3.1e9)).toThrow(
    expect.objectContaining({
      code: 'MEMORY_TOO_SMALL',
      message: '5000 agents by k6 take about 3.2 GB, and 3.1 GB are free',
      hint: expect.stringContaining('--driver undici'),
    }),
  )
  expect(() => assertRoom({ id: 'undici', agentBytes: 80_000 }, 50_000, 3e9)).toThrow(/50000 agents by undici/)
  expect(() => assertRoom({ id: 'cluster' }, 1_000_000, 0)).not.toThrow()
})
