import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Plan } from '../plan/plan.ts'
import { assertReads, probe } from './probe.ts'

const plan = {
  protocol: '2026-07-28',
  roles: { cheapRead: { tool: 'list_tables', sloMs: 500, needs: [], correct: [] } },
} as unknown as Plan
const { signal } = new AbortController()
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function answering(status: number, ...bodies: unknown[]): Promise<string> {
  let n = 0
  const server = createServer((_, response) => {
    response.statusCode = status
    const body = bodies[Math.min(n++, bodies.length - 1)]
    if (typeof body === 'string' && body.includes('data:')) response.setHeader('content-type', 'text/event-stream')
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

const page = (names: string[], nextCursor?: string | null) => ({
  jsonrpc: '2.0',
  id: 'probe-1',
  result: { tools: names.map((name) => ({ name })), nextCursor },
})

test('a server that has the tools is fine, also when they stand on the second page or come as an event', async () => {
  await probe(await answering(200, page(['a'], 'next'), page(['list_tables'])), {}, plan, signal)
  const notification = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: {} })
  const events = `id: 1\ndata:\n\ndata: ${notification}\n\nevent: message\ndata: ${JSON.stringify(page(['list_tables']))}\n\n`
  await probe(await answering(200, events), {}, plan, signal)
})

test.each([null, ''])('a list that says %j where its next page would stand has none', async (cursor) => {
  const refusal = { jsonrpc: '2.0', id: 'probe-1', error: { code: -32602, message: 'Invalid cursor' } }
  await probe(await answering(200, page(['list_tables'], cursor), refusal), {}, plan, signal)
})

test.each([
  ['TARGET_WANTS_TOKEN', 401, {}, /headers/],
  ['TARGET_NOT_MCP', 200, '<html>hello</html>', /Streamable HTTP/],
  ['TARGET_NOT_MCP', 404, 'not found', /Streamable HTTP/],
  [
    'PROTOCOL_NOT_SPOKEN',
    400,
    {
      jsonrpc: '2.0',
      id: 'probe-1',
      error: { code: -32022, message: 'Unsupported protocol version', data: { supported: ['2025-11-25'] } },
    },
    /--protocol 2025-11-25/,
  ],
  [
    'PROTOCOL_NOT_SPOKEN',
    400,
    { jsonrpc: '2.0', id: 'probe-1', error: { code: -32022, message: 'Unsupported', data: { supported: '2025-11-25' } } },
    /--protocol 2025-11-25/,
  ],
  ['TOOL_MISSING', 200, page(['list_table', 'other']), /did you mean list_table\?.*tools\.cheapRead/],
])('%s when it answers %s %j', async (code, status, body, hint) => {
  await expect(probe(await answering(status, body), {}, plan, signal)).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) })
})

test('TARGET_DOWN when nothing listens', async () => {
  const url = await answering(200)
  const closed = servers.pop()
  await new Promise((resolve) => closed?.close(resolve))
  await expect(probe(url, {}, plan, signal)).rejects.toMatchObject({
    code: 'TARGET_DOWN',
    message: expect.stringContaining('ECONNREFUSED'),
  })
})

test('a redirect is not followed, and told', async () => {
  let elsewhere = 0
  const thief = createServer((_, response) => {
    elsewhere++
    response.end()
  })
  const server = createServer((_, response) => response.writeHead(307, { location: `http://localhost:${portOf(thief)}/mcp` }).end())
  for (const one of [thief, server]) {
    servers.push(one)
    await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  }
  const client = { headers: { authorization: 'Bearer x' } }
  await expect(probe(`http://127.0.0.1:${portOf(server)}/mcp`, client, plan, signal)).rejects.toMatchObject({
    code: 'TARGET_REDIRECTS',
    message: expect.stringContaining('http://localhost'),
  })
  expect(elsewhere).toBe(0)
})

test('the old pair of HTTP and SSE is known by its first event', async () => {
  const old = createServer((request, response) => {
    if (request.method !== 'GET') response.writeHead(404).end('not found')
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: endpoint\ndata: /messages?id=1\n\n')
  })
  servers.push(old)
  await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve))
  await expect(probe(`http://127.0.0.1:${portOf(old)}/sse`, {}, plan, signal)).rejects.toMatchObject({
    code: 'TRANSPORT_NOT_SPOKEN',
    hint: expect.stringMatching(/Streamable HTTP.*bridge/),
  })
  old.closeAllConnections()
})

test.each(['stdio:npx server', 'npx -y @acme/server --stdio', 'python server.py', './server'])(
  '%s is no server of many clients',
  async (url) => {
    await expect(probe(url, {}, plan, signal)).rejects.toMatchObject({
      code: 'TRANSPORT_NOT_SPOKEN',
      message: expect.stringContaining('stdio'),
    })
  },
)

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

test('elsewhere, a tool that says that it changes data does not play a read, unless it is named', () => {
  const far = 'https://staging.example.com/mcp'
  const tools = (annotations: object) => [{ name: 'list_tables', annotations }]
  for (const changes of [{ readOnlyHint: false }, { destructiveHint: true }])
    expect(() => assertReads(far, tools(changes), plan, [])).toThrow(expect.objectContaining({ code: 'WRITE_NOT_ALLOWED' }))
  expect(() => assertReads(far, tools({ readOnlyHint: false }), plan, ['list_tables'])).not.toThrow()
  expect(() => assertReads(far, tools({ readOnlyHint: true }), plan, [])).not.toThrow()
  expect(() => assertReads(far, tools({}), plan, [])).not.toThrow()
})
