// A caller that asks for progress and does not read it, over a real socket.
import { once } from 'node:events'
import http from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { sampleCall } from './fixtures/call.ts'
import { event, offerStream } from './stream.ts'

test('loses notifications, costs no memory, and gets its answer', async () => {
  const server = http.createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.pause()
  socket.write('POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  const [, response] = (await once(server, 'request')) as [http.IncomingMessage, http.ServerResponse]
  const call = sampleCall({ headers: { accept: 'application/json, text/event-stream' } })
  offerStream(call, response, 'server-1')
  let highest = 0
  for (let i = 0; i < 20_000; i++) {
    call.notify?.({ jsonrpc: '2.0', method: 'notifications/progress', params: { progress: i, message: 'x'.repeat(1_000) } })
    highest = Math.max(highest, response.writableLength)
  }
  response.end(event('{"answer":true}'))
  const seen = await text(socket)
  expect(highest).toBeLessThan(1_000_000)
  expect(seen.match(/notifications\/progress/g)?.length ?? 0).toBeLessThan(10_000)
  expect(seen).toContain('text/event-stream')
  expect(seen).toContain('data: {"answer":true}')
  server.close()
})

test('is not offered to who cannot read it, and says nothing to who is gone', async () => {
  const response = new http.ServerResponse(new http.IncomingMessage(connect({ port: 1, host: '127.0.0.1' }).on('error', () => undefined)))
  const plain = sampleCall({ headers: { accept: 'application/json' } })
  offerStream(plain, response, 'server-1')
  expect(plain.notify).toBeUndefined()
  const gone = sampleCall({ headers: { accept: 'text/event-stream' } })
  offerStream(gone, response, 'server-1')
  response.destroy()
  gone.notify?.({})
  expect(response.headersSent).toBe(false)
})
