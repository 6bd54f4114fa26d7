// Who holds what, and until when. Connections here are counted, not opened; with Postgres: failures.integration.test.ts.
import { describe, expect, test } from 'vitest'
import { CallError } from '../errors.ts'
import { codeOf, running, sampleCall, served } from '../fixtures/call.ts'
import type { Admin } from '../store/admin.ts'
import type { Connection, Connections } from '../store/postgres.ts'
import { getExchangeRate } from '../tools/get-exchange-rate.ts'
import { createTypical } from '../typical.ts'
import { bulkhead } from './bulkhead.ts'
import type { Next } from './control.ts'
import { boundedQueue } from './queue.ts'
import type { Times } from './times.ts'

const times: Times = {
  statementMs: (leftMs: number) => leftMs,
  deadlineMs: () => 1_000,
  acquireTimeoutMs: 1_000,
  settleMs: 100,
  orphanMs: 0,
  session: {},
}
const admin: Admin = { cancel: async () => true, query: async () => [], close: async () => undefined }

/** @param status of the connection's transaction when it is given back */
function one(next: Next, { status = 'I', refuses = false, keeps = false } = {}) {
  const released: boolean[] = []
  const connections: Connections = {
    used: 0,
    idle: 0,
    async open() {
      if (refuses) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      const client = { getTransactionStatus: () => status, processID: 1 } as Connection['client']
      const release = (broken: boolean): void => {
        released.push(broken)
        if (keeps) throw new Error('Release called on client which has already been released to the pool.')
      }
      return { client, reused: false, release }
    },
    close: async () => undefined,
  }
  const clock = (): number => performance.now()
  const queue = boundedQueue({
    name: 'cheap',
    slots: 1,
    waitingMax: 5,
    acquireTimeoutMs: 1_000,
    clock,
    random: () => 0,
    waited: () => undefined,
  })
  const pool = { queue, connections }
  const bulkheads = { cheap: pool, expensive: pool, write: pool }
  const wrapped = bulkhead.wrap(next, running({ bulkheads, clock, admin, times, typical: createTypical() }))
  return { wrapped, queue, released }
}

describe('a connection', () => {
  test('is lent for the call and given back once, with its slot', async () => {
    const { wrapped, queue, released } = one(async (call) => {
      expect(call.session).toBeDefined()
      expect(queue.taken).toBe(1)
      return served
    })
    await wrapped(sampleCall())
    expect([queue.taken, released]).toEqual([0, [false]])
  })

  test('is given back when the tool fails', async () => {
    const { wrapped, queue, released } = one(() => Promise.reject(new CallError('INTERNAL', 'x')))
    expect(await codeOf(wrapped(sampleCall()))).toBe('INTERNAL')
    expect([queue.taken, released]).toEqual([0, [false]])
  })

  test('that cannot be given back takes no slot along', async () => {
    const { wrapped, queue } = one(async () => served, { keeps: true })
    await codeOf(wrapped(sampleCall()))
    expect(queue.taken).toBe(0)
  })

  test('still inside a transaction is fit for nobody', async () => {
    const { wrapped, released } = one(async () => served, { status: 'T' })
    await wrapped(sampleCall())
    expect(released).toEqual([true])
  })

  test('that cannot be made gives the slot back and says that Postgres is down', async () => {
    const { wrapped, queue } = one(async () => served, { refuses: true })
    const call = sampleCall()
    const error = await wrapped(call).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', details: { scope: 'postgres', retryAfterMs: 1_000 } })
    expect([queue.taken, call.facts.postgres]).toEqual([0, 'down'])
  })
})

describe('a tool that goes on to wait for somebody else', () => {
  test('has given both back by then, and not twice', async () => {
    const { wrapped, queue, released } = one(async (call) => {
      await call.giveBack?.()
      expect([queue.taken, released]).toEqual([0, [false]])
      await call.giveBack?.()
      return served
    })
    await wrapped(sampleCall())
    expect([queue.taken, released]).toEqual([0, [false]])
  })

  test('takes neither when it needs no Postgres', async () => {
    const { wrapped, queue, released } = one(async (call) => {
      expect([call.session, call.giveBack, queue.taken]).toEqual([undefined, undefined, 0])
      return served
    })
    await wrapped(sampleCall({ tool: getExchangeRate }))
    expect(released).toEqual([])
  })
})

test('an answered call keeps its slot until the work behind it has ended', async () => {
  const work = Promise.withResolvers<typeof served>()
  const { wrapped, queue } = one(() => work.promise)
  const call = sampleCall()
  const done = wrapped(call)
  await Promise.resolve()
  call.abort.abort(new CallError('TOOL_TIMEOUT', 'x'))
  expect(queue.taken).toBe(1)
  work.resolve(served)
  await done
  expect(queue.taken).toBe(0)
})

test('discovery takes none', async () => {
  const { tool: _, ...discovery } = sampleCall({ method: 'tools/list' })
  const { wrapped, released } = one(async () => served)
  await wrapped(discovery)
  expect(released).toEqual([])
})
