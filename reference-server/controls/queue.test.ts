import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Call } from '../call.ts'
import { CallError } from '../errors.ts'
import { codeOf, sampleCall } from '../fixtures/call.ts'
import { boundedQueue } from './queue.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function line(more: Partial<Parameters<typeof boundedQueue>[0]> = {}) {
  const waits: number[] = []
  const queue = boundedQueue({
    name: 'cheap',
    slots: 1,
    waitingMax: 3,
    acquireTimeoutMs: 500,
    clock: () => Date.now(),
    random: () => 0,
    waited: (ms) => waits.push(ms),
    ...more,
  })
  return { queue, waits }
}

const within = (ms: number): Call => sampleCall({ deadlineAtMs: Date.now() + ms })

describe('a bounded line', () => {
  test('serves in order, and a slot goes from hand to hand', async () => {
    const { queue } = line()
    const served: string[] = []
    await queue.enter(within(9_000), 0)
    const first = queue.enter(within(9_000), 0).then(() => served.push('first'))
    const second = queue.enter(within(9_000), 0).then(() => served.push('second'))
    queue.leave()
    await first
    expect([queue.taken, queue.waiting, served]).toEqual([1, 1, ['first']])
    queue.leave()
    await second
    queue.leave()
    expect([queue.taken, queue.waiting, queue.waitingMax, served]).toEqual([0, 0, 2, ['first', 'second']])
  })

  test('refuses at once when it is full', async () => {
    const { queue } = line({ waitingMax: 1 })
    await queue.enter(within(9_000), 0)
    const waiting = queue.enter(within(9_000), 0)
    const refused = await queue.enter(within(9_000), 0).catch((error: CallError) => error)
    expect(refused).toMatchObject({ code: 'QUEUE_FULL', details: { scope: 'cheap', limit: 1, retryAfterMs: 1_000 } })
    queue.leave()
    await waiting
  })

  test('refuses at once who could not be served, or not finish, in the time it has', async () => {
    const { queue } = line({ acquireTimeoutMs: 5_000 })
    await queue.enter(within(9_000), 100)
    expect(await codeOf(queue.enter(within(199), 100))).toBe('QUEUE_FULL')
    expect(queue.waiting).toBe(0)
    const enough = queue.enter(within(201), 100)
    expect(queue.waiting).toBe(1)
    queue.leave()
    await enough
  })

  test('nobody waits longer than the acquire timeout', async () => {
    const { queue, waits } = line()
    await queue.enter(within(9_000), 0)
    const refused = codeOf(queue.enter(within(9_000), 0))
    await vi.advanceTimersByTimeAsync(499)
    expect(queue.waiting).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect([await refused, queue.waiting, waits]).toEqual(['QUEUE_FULL', 0, [0, 500]])
  })

  test('an aborted call leaves the line, and is not counted twice', async () => {
    const { queue } = line()
    await queue.enter(within(9_000), 0)
    const leaving = within(9_000)
    const left = codeOf(queue.enter(leaving, 0))
    leaving.abort.abort(new CallError('TOOL_TIMEOUT', 'x'))
    expect([await left, queue.waiting]).toEqual(['TOOL_TIMEOUT', 0])
    queue.leave()
    expect(queue.taken).toBe(0)
  })

  test('a call that is aborted once it has its slot has not waited until then', async () => {
    const { queue, waits } = line()
    await queue.enter(within(9_000), 0)
    const served = within(9_000)
    const entered = queue.enter(served, 0)
    await vi.advanceTimersByTimeAsync(20)
    queue.leave()
    await entered
    await vi.advanceTimersByTimeAsync(5_000)
    served.abort.abort(new CallError('TOOL_TIMEOUT', 'x'))
    expect(waits).toEqual([0, 20])
  })

  test('hints grow with the line and are spread', async () => {
    const { queue } = line({ waitingMax: 1, acquireTimeoutMs: 60_000, random: () => 0.5 })
    await queue.enter(within(90_000), 4_000)
    const waiting = queue.enter(within(90_000), 4_000)
    const refused = await queue.enter(within(90_000), 4_000).catch((error: CallError) => error)
    expect(refused).toMatchObject({ details: { retryAfterMs: 10_000 } })
    queue.leave()
    await waiting
  })
})
