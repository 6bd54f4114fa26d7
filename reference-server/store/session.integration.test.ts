// What becomes of a connection whose query was cancelled: lent again once the cancel has settled, cut when nobody can say.
// The connections of administration go through a link that can be made slow; the session's own do not.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices, toxic } from '../../tests/fixtures/desk-services.ts'
import type { Call } from '../call.ts'
import { settingsFrom } from '../config.ts'
import { boundedTimes } from '../controls/times.ts'
import { identity, sampleCall } from '../fixtures/call.ts'
import { createAdmin } from './admin.ts'
import { type Connections, pooledConnections } from './postgres.ts'
import { Session } from './session.ts'

let services: DeskServices

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
})

afterAll(async () => {
  await services?.[Symbol.asyncDispose]()
})

async function opened() {
  const urlOf = (address: string | undefined) => `postgres://postgres@${address}/postgres`
  const settings = settingsFrom({ DATABASE_URL: urlOf('x'), DATABASE_ADMIN_URL: urlOf('x'), REDIS_URL: 'redis://127.0.0.1' })
  const times = { ...boundedTimes(settings), settleMs: 500 }
  const connections = pooledConnections({ url: urlOf(services.postgres.address), name: 'cheap', max: 1, times })
  const admin = createAdmin(pooledConnections({ url: urlOf(services.links.postgres?.address), name: 'admin', max: 2, times }), times)
  await admin.query({ text: 'select 1', values: [] }, 5_000)
  return {
    connections,
    session: (call: Call) => Session.open({ connections, admin, call, identity, clock: () => performance.now(), times }),
    /** A read that is cancelled while it runs. */
    async cancelled(read: string): Promise<unknown> {
      const sql = `${read} -- ${randomUUID()}`
      const call = sampleCall()
      const session = await Session.open({ connections, admin, call, identity, clock: () => performance.now(), times })
      const ended = session.read({ text: sql, values: [] }).catch((error: unknown) => error)
      await expect.poll(() => active(sql), { interval: 5 }).toBe(1)
      call.abort.abort(new Error('too late'))
      const end = await ended
      await session.close()
      return end
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([connections.close(1_000), admin.close(1_000)])
    },
  }
}

async function active(sql: string): Promise<number> {
  const rows = await services.postgres.query(`select 1 from pg_stat_activity where state = 'active' and query = $1`, [sql])
  return rows.length
}

async function lendsAgain(connections: Connections): Promise<boolean> {
  const connection = await connections.open()
  connection.release(false)
  return connection.reused
}

test('a cancel that has settled leaves a connection that is lent again', async () => {
  await using desk = await opened()
  expect(await desk.cancelled('select pg_sleep(20)')).toMatchObject({ message: 'too late' })
  expect(await lendsAgain(desk.connections)).toBe(true)
})

test('a cancel that did not settle may hit the next query: the connection is cut, though its own query has ended', async () => {
  await using desk = await opened()
  await using _slow = await toxic(services.links.postgres, 'latency', { delayMs: 1_000 })
  expect(await desk.cancelled('select pg_sleep(0.3)')).toEqual([{ pg_sleep: '' }])
  expect(await lendsAgain(desk.connections)).toBe(false)
})

test('a cancel that comes as its query ends hits nobody else, 0 of 300', async () => {
  await using desk = await opened()
  let hit = 0
  let cancelled = 0
  for (let i = 0; i < 300; i++) {
    const call = sampleCall()
    const session = await desk.session(call)
    const ended = session.read({ text: 'select pg_sleep(0.004)', values: [] }).catch((error: unknown) => error)
    // From before the query's end to after it.
    setTimeout(() => call.abort.abort(new Error('too late')), 3 + (i % 8) / 2)
    if ((await ended) instanceof Error) cancelled += 1
    await session.close()
    const next = await desk.session(sampleCall())
    const answer = await next.read({ text: 'select 1 as one, pg_sleep(0.002)', values: [] }).catch((error: unknown) => error)
    if (answer instanceof Error) hit += 1
    await next.close()
  }
  expect(cancelled).toBeGreaterThan(30)
  expect(hit).toBe(0)
})
