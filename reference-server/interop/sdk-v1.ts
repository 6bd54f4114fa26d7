// The TypeScript SDK, version 1: what most hosts still run. It speaks 2025-11-25 at most.
import { readFileSync } from 'node:fs'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { Plan, Refusal, Seen } from './plan.ts'
import { type AnyClient, driven } from './typescript.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../../node_modules/@modelcontextprotocol/sdk/package.json', import.meta.url), 'utf8'),
) as { version: string }

export async function driveSdkV1(plan: Plan): Promise<Seen> {
  const connect = async (url: string, token: string): Promise<AnyClient> => {
    const client = new Client({ name: 'interop', version: '1' })
    const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } })
    await client.connect(transport as Transport)
    return {
      era: () => (transport as { protocolVersion?: string }).protocolVersion ?? 'unknown',
      listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (asked, options) => client.callTool({ name: asked.tool, arguments: asked.arguments }, undefined, options),
      listResources: async () => (await client.listResources()).resources.length,
      read: (uri) => client.readResource({ uri }),
      listPrompts: async () => (await client.listPrompts()).prompts.length,
      prompt: (prompt) => client.getPrompt(prompt),
      close: () => client.close(),
    }
  }
  return await driven(plan, `@modelcontextprotocol/sdk ${version}`, connect, refusalOf)
}

/** Errors of its transport carry the HTTP status as `code`; those of the protocol carry the JSON-RPC code. */
function refusalOf(error: Error): Partial<Refusal> {
  const { code, data } = error as { code?: unknown; data?: unknown }
  const isStatus = error.constructor.name === 'StreamableHTTPError'
  return {
    ...(typeof code === 'number' && (isStatus ? { status: code } : { code })),
    ...(typeof data === 'object' && data !== null && { data: data as Record<string, unknown> }),
  }
}
