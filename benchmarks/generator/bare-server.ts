// The least that an MCP endpoint can be: raw sockets, one answer that echoes the call's id, and how many it gave on each line that it
// is asked for. It is meant to be faster than whatever calls it.
import { createServer } from 'node:net'

const RESULT = JSON.stringify({
  content: [{ type: 'text', text: '12 tables' }],
  structuredContent: { tables: Array.from({ length: 12 }, (_, n) => ({ name: `table_${n}`, rows: n * 1_000 })) },
  resultType: 'complete',
})
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: keep-alive\r\ncontent-length: '
const ACCEPTED = 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n'
const TOOLS = JSON.stringify({
  tools: [{ name: 'list_tables', inputSchema: { type: 'object' } }],
  resultType: 'complete',
  ttlMs: 60_000,
  cacheScope: 'private',
})
const INITIALIZED = JSON.stringify({
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'bare', version: '1' },
})
const DISCOVERED = JSON.stringify({
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {} },
  serverInfo: { name: 'bare', version: '1' },
  resultType: 'complete',
  ttlMs: 60_000,
  cacheScope: 'private',
})

let answered = 0

const server = createServer({ noDelay: true }, (socket) => {
  let waiting = ''
  socket.setEncoding('latin1')
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    waiting += chunk
    let out = ''
    for (;;) {
      const headEnd = waiting.indexOf('\r\n\r\n')
      if (headEnd < 0) break
      const length = Number(/content-length: *(\d+)/i.exec(waiting.slice(0, headEnd))?.[1] ?? 0)
      const end = headEnd + 4 + length
      if (waiting.length < end) break
      out += answerTo(waiting.slice(headEnd + 4, end))
      waiting = waiting.slice(end)
    }
    if (out !== '') socket.write(out, 'latin1')
  })
})

function answerTo(body: string): string {
  const id = /"id":("[^"]*"|\d+)/.exec(body)?.[1]
  if (id === undefined) return ACCEPTED
  const result = body.includes('"tools/call"') ? RESULT : otherResult(body)
  answered++
  const text = `{"jsonrpc":"2.0","id":${id},"result":${result}}`
  return `${HEAD}${text.length}\r\n\r\n${text}`
}

function otherResult(body: string): string {
  if (body.includes('"initialize"')) return INITIALIZED
  return body.includes('"server/discover"') ? DISCOVERED : TOOLS
}

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 })
})
process.on('message', () => process.send?.({ answered }))
process.on('disconnect', () => process.exit(0))
