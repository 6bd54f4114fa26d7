import { expect, test } from 'vitest'
import { EventReader, type RpcMessage } from './event-reader.ts'

function read(chunks: readonly Buffer[]) {
  const messages: RpcMessage[] = []
  const reader = new EventReader((message) => messages.push(message))
  for (const chunk of chunks) reader.feed(chunk)
  return { messages, lastId: reader.lastId, retryMs: reader.retryMs }
}

const TEXT = [
  ': a comment\r\nid: e1\r\nretry: 50\r\ndata: \r\n\r\n',
  'event: message\nid: e2\ndata: {"jsonrpc":"2.0",\ndata: "id":7,"method":"ping"}\n\n',
  'data: no JSON\n\ndata: [1]\n\ndata: null\n\n',
  'data:{"jsonrpc":"2.0","id":"c","result":{"text":"größer"}}\n\n',
  'id: e3\ndata: {"jsonrpc":"2.0","id":8,"method":"never whole"}\n',
].join('')

test.each([1, 2, 7, 10_000])('whatever the pieces, here of %i bytes', (size) => {
  const bytes = Buffer.from(TEXT)
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size))
  expect(read(pieces)).toEqual({
    messages: [
      { jsonrpc: '2.0', id: 7, method: 'ping' },
      { jsonrpc: '2.0', id: 'c', result: { text: 'größer' } },
    ],
    lastId: 'e3',
    retryMs: 50,
  })
})
