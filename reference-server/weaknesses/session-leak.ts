// A session is a server of its own with its tools, kept until the client deletes it; nine of ten never do. Its ping keeps it alive.
import { randomUUID } from 'node:crypto'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { control } from '../controls/control.ts'
import { SERVER_INFO } from '../refusal.ts'
import type { Tool } from '../tools/tool.ts'
import { weakness } from './weakness.ts'

const PING_MS = 30_000

const sessions = control({
  summary: 'Opens a session for every client that says hello.',
  source: 'the examples of every MCP SDK: const transports = {}',
  settings: [],
  wrap: (next, { tools }) => {
    const open = new Map<string, Awaited<ReturnType<typeof sessionWith>>>()
    return async function sessions(call) {
      if (call.method === 'initialize') {
        const id = randomUUID()
        open.set(id, await sessionWith([...tools.values()], id))
        call.answerHeaders['mcp-session-id'] = id
      }
      return await next(call)
    }
  },
})

/** Schemas are made anew for each, as in a factory `createServer()`. */
async function sessionWith(tools: readonly Tool[], id: string) {
  const server = new McpServer(SERVER_INFO)
  for (const { name, description, input } of tools)
    server.registerTool(name, { description, inputSchema: z.object(input.shape) }, () => ({ content: [] }))
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => id })
  await server.connect(transport)
  return { server, transport, ping: setInterval(() => server.isConnected(), PING_MS).unref() }
}

export default weakness({
  story: 'A map of sessions, from which only DELETE took one out. After eight hours and 2,091 sessions the heap was full.',
  source: 'RedPlanetHQ/core#869; akutishevsky/withings-mcp#35; UsefulSoftwareCo/executor#1684 (709 KiB each)',
  caughtBy: { scenario: 'rude-clients', check: 'steady-over-time' },
  apply: (parts) => ({ ...parts, arrange: (controls) => [sessions, ...parts.arrange(controls)] }),
})
