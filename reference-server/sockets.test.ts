// Connections that are held without being used make room for those that come; timers end them by themselves.
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { standingClock } from './fixtures/call.ts'
import { addressOf, boundSockets, TIMERS } from './sockets.ts'

async function opened(max: number, perAddressMax = max, { stalledMs, ...timers }: Partial<typeof TIMERS> & { stalledMs?: number } = {}) {
  const clock = standingClock()
  const cuts: string[] = []
  const server = http.createServer({ ...TIMERS, ...timers })
  const sockets = boundSockets(server, { max, perAddressMax, clock, cut: (why) => cuts.push(why), ...(stalledMs && { stalledMs }) })
  const held = Promise.withResolvers<http.ServerResponse>()
  server.on('request', (request, response) => {
    sockets.atWork(request.socket)
    response.on('finish', () => sockets.idle(request.socket))
    if (request.url === '/hold') held.resolve(response)
    else if (request.url === '/large') response.end(Buffer.alloc(LARGE_BYTES))
    else response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const open = async (sends: string): Promise<{ socket: Socket; closed: Promise<unknown>; heard: Promise<unknown> }> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    const closed = once(socket, 'close')
    const heard = once(socket, 'data')
    const taken = once(server, 'connection')
    await once(socket, 'connect')
    await taken
    socket.write(sends)
    return { socket, closed, heard }
  }
  return { server, clock, cuts, open, held: held.promise }
}

/** More than the system's buffers take. */
const LARGE_BYTES = 50_000_000
const DRIP = 'POST / HTTP/1.1\r\nhost: x\r\nx-slow: '
const WHOLE = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'

test('who holds connections without a request gives way, the oldest first', async () => {
  const { clock, cuts, open } = await opened(3)
  const slow = [await open(DRIP), await open(DRIP), await open(DRIP)]
  clock.advance(1_000)
  const good = await open(WHOLE)
  await Promise.all([slow[0]?.closed, good.heard])
  expect([cuts, slow[1]?.socket.closed, slow[2]?.socket.closed]).toEqual([['unheard'], false, false])
})

test('then who is idle; never who is at work', async () => {
  const { cuts, open, held } = await opened(2)
  const working = await open('GET /hold HTTP/1.1\r\nhost: x\r\n\r\n')
  const response = await held
  const idle = await open(WHOLE)
  await idle.heard
  const next = await open('GET /hold HTTP/1.1\r\nhost: x\r\n\r\n')
  await idle.closed
  expect(cuts).toEqual(['idle'])
  // Both at work, or not yet late: the newcomer has no place.
  const third = await open(WHOLE)
  await third.closed
  expect([cuts, working.socket.closed, next.socket.closed]).toEqual([['idle', 'newcomer'], false, false])
  response.end('done')
  await working.heard
})

test('one address has its share, and gives way to itself', async () => {
  const { clock, cuts, open } = await opened(100, 2)
  const slow = await open(DRIP)
  await open(DRIP)
  clock.advance(1_000)
  const good = await open(WHOLE)
  await Promise.all([slow.closed, good.heard])
  expect(cuts).toEqual(['unheard'])
})

test('headers that drip end by the timer, not half a minute later', async () => {
  const { open } = await opened(10, 10, { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 50 })
  const startedMs = performance.now()
  await (await open(DRIP)).closed
  expect(performance.now() - startedMs).toBeLessThan(2_000)
  expect(TIMERS.connectionsCheckingInterval).toBeLessThanOrEqual(1_000)
})

test('an answer that nobody reads is not kept for ever', async () => {
  const { open, server } = await opened(10, 10, { stalledMs: 100 })
  const gone = new Promise((resolve) => server.once('connection', (socket: Socket) => socket.once('close', resolve)))
  const { socket } = await open('GET /large HTTP/1.1\r\nhost: x\r\n\r\n')
  socket.pause()
  await gone
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:10.1.2.3', '10.1.2.3'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (remoteAddress, expected) => {
  expect(addressOf({ remoteAddress })).toBe(expected)
})
