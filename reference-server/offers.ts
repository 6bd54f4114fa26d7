// What the server offers over MCP: its tools, resources and one prompt. A tool's failure is a result with `isError`; a resource's is a
// JSON-RPC error with the table's code and data, since its result has none. By now limits and scopes were passed.
import { type CallToolResult, ProtocolError, ProtocolErrorCode, type Server, type ServerOptions } from '@modelcontextprotocol/server'
import type { Call } from './call.ts'
import { missingScopes } from './controls/scopes.ts'
import { CallError } from './errors.ts'
import { monthlySummary } from './prompts/monthly-summary.ts'
import { errorData, toolError } from './refusal.ts'
import type { Running } from './running.ts'
import { contextOf, runTool } from './tools/run.ts'

export interface Offered {
  running: Running
  call: Call
  /** Tells the log; gives what is told. */
  failed: (thrown: unknown) => CallError
}

/** What stands behind the protocol. A part, so that the fixtures of the conformance suite can stand there instead. */
export interface Offers {
  /** Of the era without sessions; the other gets its capabilities. */
  options: ServerOptions
  offer(server: Server, offered: Offered): void
}

const LIST_TTL_MS = 60_000
const PRIVATE = { ttlMs: LIST_TTL_MS, cacheScope: 'private' } as const

/** Lists and resources depend on who asks, so nobody may keep them for somebody else. */
export const PRIVATE_HINTS: NonNullable<ServerOptions['cacheHints']> = {
  'tools/list': PRIVATE,
  'resources/list': PRIVATE,
  'resources/templates/list': PRIVATE,
  'resources/read': PRIVATE,
  'prompts/list': PRIVATE,
}

export const ledgerOffers: Offers = {
  options: { capabilities: { tools: {}, resources: {}, prompts: {} }, cacheHints: PRIVATE_HINTS },
  offer(server, offered) {
    offerTools(server, offered)
    offerResources(server, offered)
    offerPrompts(server)
  },
}

function offerTools(server: Server, { running, call, failed }: Offered): void {
  server.setRequestHandler('tools/list', ({ params }) => {
    // All tools fit on one page.
    if (params?.cursor !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such page.')
    const allowed = [...running.tools.values()].filter((tool) => missingScopes(call.identity, tool).length === 0)
    return { tools: allowed.map((tool) => tool.listing) } as never
  })
  server.setRequestHandler('tools/call', async () => {
    if (!call.tool) {
      failed(new CallError('INVALID_PARAMS', 'unknown tool'))
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such tool; see tools/list.')
    }
    try {
      return await runTool(running, call)
    } catch (thrown) {
      return toolError(failed(thrown), call.requestId, running.guidance) as CallToolResult
    }
  })
}

function offerResources(server: Server, { running, call, failed }: Offered): void {
  const answer = async (): Promise<never> => {
    try {
      if (!call.tool) throw new Error('a resource was reached without passing the controls before it')
      const { structured } = await call.tool.run(call.arguments as never, contextOf(running, call))
      return structured as never
    } catch (thrown) {
      const error = failed(thrown)
      throw new ProtocolError(error.entry.rpcCode, error.message, errorData(error, call.requestId, running.guidance))
    }
  }
  server.setRequestHandler('resources/list', answer)
  server.setRequestHandler('resources/read', answer)
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'schema://{table}', name: 'schema', description: 'The columns of one table.' }],
  }))
}

function offerPrompts(server: Server): void {
  const { name, description, arguments: wanted } = monthlySummary
  server.setRequestHandler('prompts/list', () => ({ prompts: [{ name, description, arguments: [...wanted] }] }))
  server.setRequestHandler('prompts/get', ({ params }) => {
    if (params.name !== name) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such prompt; see prompts/list.')
    const given = monthlySummary.input.safeParse(params.arguments ?? {})
    if (!given.success) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `month ${given.error.issues[0]?.message}.`)
    return { description, messages: [{ role: 'user', content: { type: 'text', text: monthlySummary.text(given.data) } }] }
  })
}
