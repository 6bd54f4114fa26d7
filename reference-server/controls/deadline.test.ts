import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { settingsFrom } from '../config.ts'
import { CallError } from '../errors.ts'
import { codeOf, running, sampleCall, served } from '../fixtures/call.ts'
import { createInvoice } from '../tools/create-invoice.ts'
import type { Next } from './control.ts'
import { deadline } from './deadline.ts'
import { boundedTimes } from './times.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const address = { DATABASE_URL: 'postgres://x', DATABASE_ADMIN_URL: 'postgres://x', REDIS_URL: 'redis://x' }

function under(next: Next, environment: Record<string, string> = {}) {
  const behind = new Set<Promise<unknown>>()
  const times = boundedTimes(settingsFrom({ ...address, ...environment }))
  return { behind, wrapped: deadline.wrap(next, running({ times, clock: () => Date.now(), behind })) }
}

const started = () => sampleCall({ startedAtMs: Date.now() })

test("answers at the tool's deadline while the work goes on behind, and aborts it", async () => {
  const work = Promise.withResolvers<typeof served>()
  const { wrapped, behind } = under(() => work.promise)
  const call = started()
  const code = codeOf(wrapped(call))
  await vi.advanceTimersByTimeAsync(1_999)
  expect(call.abort.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect([await code, call.abort.signal.aborted, behind.size]).toEqual(['TOOL_TIMEOUT', true, 1])
  work.resolve(served)
  await vi.runAllTimersAsync()
  expect(behind.size).toBe(0)
})

test('counts from when the body was awaited, and never beyond the longest', async () => {
  const never: Next = () => new Promise(() => undefined)
  const late = codeOf(under(never).wrapped(sampleCall({ startedAtMs: Date.now() - 1_900 })))
  await vi.advanceTimersByTimeAsync(100)
  expect(await late).toBe('TOOL_TIMEOUT')
  const short = codeOf(under(never, { DEADLINE_LONGEST_MS: '100' }).wrapped(started()))
  await vi.advanceTimersByTimeAsync(100)
  expect(await short).toBe('TOOL_TIMEOUT')
})

test.each([
  ['wait=1', 1_000],
  ['respond-async, wait=1', 1_000],
  ['handling=lenient; foo="x", Wait = "1"', 1_000],
  ['wait=10', 2_000],
  ['wait=0', 2_000],
  ['wait=soon', 2_000],
  ['await=1', 2_000],
])('a client that says `Prefer: %s` is answered within %d ms', async (prefer, ms) => {
  const { wrapped } = under(() => new Promise(() => undefined))
  const call = sampleCall({ startedAtMs: Date.now(), headers: { prefer } })
  const code = codeOf(wrapped(call))
  await vi.advanceTimersByTimeAsync(ms - 1)
  expect(call.abort.signal.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await code).toBe('TOOL_TIMEOUT')
})

test('a write that was being committed is not called undone', async () => {
  const { wrapped } = under((call) => {
    call.facts.commitSent = true
    return new Promise(() => undefined)
  })
  const code = codeOf(wrapped(sampleCall({ startedAtMs: Date.now(), tool: createInvoice })))
  await vi.advanceTimersByTimeAsync(3_000)
  expect(await code).toBe('OUTCOME_UNKNOWN')
})

test('leaves no timer and no promise behind a call that ends in time', async () => {
  const { wrapped, behind } = under(async () => served)
  expect(await wrapped(started())).toBe(served)
  await vi.advanceTimersByTimeAsync(0)
  expect([vi.getTimerCount(), behind.size]).toEqual([0, 0])
  const refused = under(async () => {
    throw new CallError('DENIED', 'x')
  })
  expect(await codeOf(refused.wrapped(started()))).toBe('DENIED')
})

test('what is refused at once leaves at once: there is nothing to time', () => {
  const { wrapped, behind } = under(() => {
    throw new CallError('RATE_LIMITED', 'x')
  })
  expect(() => wrapped(started())).toThrow('x')
  expect([vi.getTimerCount(), behind.size]).toEqual([0, 0])
})
