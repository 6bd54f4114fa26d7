// What the server offers beside tools: resources and one prompt. A resource's failure is a JSON-RPC error with the table's code
// and data, since its result has no `isError`; by now the limits and scopes that tools have were passed.
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import type { Call } from './call.ts'
import type { CallError } from './errors.ts'
import { monthlySummary } from './prompts/monthly-summary.ts'
import { errorData } from './refusal.ts'
import type { Running } from './running.ts'
import { contextOf } from './tools/run.ts'

/** @param failed tells the log; gives what is told */
export function offerResources(server: Server, running: Running, call: Call, failed: (thrown: unknown) => CallError): void {
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

export function offerPrompts(server: Server): void {
  const { name, description, arguments: wanted } = monthlySummary
  server.setRequestHandler('prompts/list', () => ({ prompts: [{ name, description, arguments: [...wanted] }] }))
  server.setRequestHandler('prompts/get', ({ params }) => {
    if (params.name !== name) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'There is no such prompt; see prompts/list.')
    const given = monthlySummary.input.safeParse(params.arguments ?? {})
    if (!given.success) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `month ${given.error.issues[0]?.message}.`)
    return { description, messages: [{ role: 'user', content: { type: 'text', text: monthlySummary.text(given.data) } }] }
  })
}
