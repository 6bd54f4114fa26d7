// Requests that nobody sends by accident: 5,000 drawn from a seed (tests/fixtures/fuzz), 100,000 by `npm run test:long`. No crash, no
// 5xx without a code, no mistake of ours, no row of another tenant, memory that stays, and a good call is answered at once after it.
// Slow-loris: connections that send a byte now and then take nobody else's turn, and are closed by the server.
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FuzzedDesk, openFuzzedDesk } from '../tests/fixtures/fuzz/desk.ts'

const SEED = 20_261

let desk: FuzzedDesk

beforeAll(async () => {
  desk = await openFuzzedDesk()
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
})

/** The best of three medians: other tests may use the machine meanwhile. */
async function goodCallMs(): Promise<number> {
  const medians: number[] = []
  for (let i = 0; i < 3; i++) medians.push((await desk.goodCalls(7)).toSorted((a, b) => a - b)[3] ?? Number.NaN)
  return Math.min(...medians)
}

test('5,000 bad requests', async () => {
  const { sent, byKind, byStatus, problems } = await desk.fuzz(5_000, SEED)
  expect(problems).toEqual([])
  expect(sent).toBe(5_000)
  expect(Object.keys(byKind)).toHaveLength(14)
  expect(Number(byStatus[200])).toBeGreaterThan(500)
  for (const status of [400, 401, 404, 405]) expect(byStatus).toHaveProperty(String(status))
  expect(await goodCallMs()).toBeLessThan(100)
  // Of the heap 160 MB are allowed, or the process ends; whether it grows at all, the long fuzz sees.
  expect((await desk.memory()).resident).toBeLessThan(512_000_000)
  expect(desk.server.child.exitCode).toBeNull()
})

describe('slow-loris', () => {
  test('300 connections that never finish a request keep nobody from being served, and are closed when their headers take 5 s', async () => {
    const { hostname, port } = new URL(desk.url)
    const aloneMs = await goodCallMs()
    const sockets: Socket[] = []
    let closed = 0
    for (let i = 0; i < 300; i++) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => undefined)
      socket.once('close', () => (closed += 1))
      socket.write(
        i % 2 === 0
          ? 'POST /v1/mcp HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: '
          : 'POST /v1/mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\ncontent-type: application/json\r\n\r\n{',
      )
      sockets.push(socket)
    }
    const drip = setInterval(() => {
      for (const socket of sockets) if (!socket.destroyed) socket.write('a')
    }, 500)
    try {
      expect(await goodCallMs()).toBeLessThan(3 * aloneMs + 20)
      // Those whose headers never end; the bodies get 15 s.
      await expect.poll(() => closed, { timeout: 20_000, interval: 250 }).toBeGreaterThanOrEqual(150)
    } finally {
      clearInterval(drip)
      for (const socket of sockets) socket.destroy()
    }
  })
})

test('told to end it ends at once: of all that, nothing is left inside', async () => {
  expect((await desk.end(20_000)).code).toBe(0)
})
