// The official TypeScript client, version 2, pinned to either era.
import { readFileSync } from 'node:fs'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Plan, Refusal, Seen } from './plan.ts'
import { type AnyClient, driven } from './typescript.ts'

const { version } = JSON.parse(
  readFileSync(new URL('../../node_modules/@modelcontextprotocol/client/package.json', import.meta.url), 'utf8'),
) as { version: string }

export async function driveClientV2(plan: Plan): Promise<Seen> {
  const connect = async (url: string, token: string): Promise<AnyClient> => {
    const pin = plan.era === '2026-07-28' ? { versionNegotiation: { mode: { pin: plan.era } } } : {}
    const client = new Client({ name: 'interop', version: '1' }, pin)
    await client.connect(
      new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { authorization: `Bearer ${token}` } } }),
    )
    return {
      era: () => client.getNegotiatedProtocolVersion() ?? 'unknown',
      listTools: async () => (await client.listTools()).tools.map(({ name }) => name),
      call: (asked, options) => client.callTool({ name: asked.tool, arguments: asked.arguments }, options),
      listResources: async () => (await client.listResources()).resources.length,
      read: (uri) => client.readResource({ uri }),
      listPrompts: async () => (await client.listPrompts()).prompts.length,
      prompt: (prompt) => client.getPrompt(prompt),
      close: () => client.close(),
    }
  }
  return await driven(plan, `@modelcontextprotocol/client ${version}`, connect, refusalOf)
}

function refusalOf(error: Error): Partial<Refusal> {
  const { code, data, status } = error as { code?: unknown; data?: unknown; status?: unknown }
  return {
    ...(typeof code === 'number' && { code }),
    ...(typeof status === 'number' && { status }),
    ...(typeof data === 'object' && data !== null && { data: data as Record<string, unknown> }),
  }
}
