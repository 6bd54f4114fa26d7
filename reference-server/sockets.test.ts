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
    response.on('finish', () => sockets.idle(request.socket))
    request.resume().once('end', () => {
      sockets.atWork(request.socket)
      if (request.url === '/hold') held.resolve(response)
      else if (request.url === '/large') response.end(Buffer.alloc(LARGE_BYTES))
      else response.end('ok')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const open = async (sends: string): Promise<{ socket: Socket; closed: Promise<unknown>; heard: Promise<unknown[]> }> => {
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

const QUICK = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 }

/** All that a connection hears until it is closed. */
async function heardToTheEnd({ socket, closed }: { socket: Socket; closed: Promise<unknown> }): Promise<string> {
  let heard = ''
  socket.on('data', (bytes) => (heard += String(bytes)))
  await closed
  return heard
}

test('a connection opened ahead is idle, not late: it outlives the timer for headers and serves', async () => {
  const { open } = await opened(10, 10, QUICK)
  const ahead = await open('')
  // What came later is cut by then.
  await (await open(DRIP)).closed
  ahead.socket.write(WHOLE)
  expect(String((await ahead.heard)[0])).toContain('HTTP/1.1 200')
})

test('one that is never used is closed in the end, without an answer that nobody asked for', async () => {
  const { open } = await opened(10, 10, { ...QUICK, stalledMs: 500 })
  expect(await heardToTheEnd(await open(''))).toBe('')
})

test('the timer for headers begins with the first byte, however long it was silent before', async () => {
  const { open } = await opened(10, 10, QUICK)
  const ahead = await open('')
  await (await open(DRIP)).closed
  ahead.socket.write(DRIP)
  expect(await heardToTheEnd(ahead)).toContain('HTTP/1.1 408')
})

test.each([
  ['400', 'what is no HTTP', 'this is not HTTP\r\n\r\n'],
  ['431', 'headers that are too large', `${DRIP}${'x'.repeat(20_000)}`],
  [
    '413',
    'extensions of a chunk that are too large',
    `POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2;${'a'.repeat(20_000)}`,
  ],
  ['408', 'headers that drip', DRIP],
  ['408', 'a body that never ends', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n1'],
])('answers %s to %s, and closes, as Node does by itself', async (status, _, sends) => {
  const { open } = await opened(10, 10, QUICK)
  expect(await heardToTheEnd(await open(sends))).toMatch(new RegExp(`^HTTP/1.1 ${status} [^\\r]+\\r\\nConnection: close\\r\\n\\r\\n$`))
})

test('what is no HTTP, behind a call that is at work, gets no answer: its caller would take it for the one he waits for', async () => {
  const { open, held } = await opened(10)
  const working = await open('GET /hold HTTP/1.1\r\nhost: x\r\n\r\n')
  await held
  working.socket.write('this is not HTTP\r\n\r\n')
  expect(await heardToTheEnd(working)).toBe('')
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
