// The SDK alone, as its examples mount it: one echo tool, its schema made once, no token, no limit, no log, no database.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { answerFigures } from './worker.ts'

const inputSchema = z.object({ text: z.string() })

const handler = createMcpHandler(
  () => {
    const server = new McpServer({ name: 'bare', version: '1' })
    server.registerTool('echo', { description: 'Says it again.', inputSchema }, ({ text }) => ({ content: [{ type: 'text', text }] }))
    return server
  },
  { responseMode: 'json' },
)

const handle = toNodeHandler(handler)
const server = http.createServer((request, response) => void handle(request as Parameters<typeof handle>[0], response))
server.listen(0, '127.0.0.1', () => answerFigures((server.address() as AddressInfo).port))
