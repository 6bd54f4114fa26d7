// Whatever of a reading tool fails because something behind it does is told as nothing found: 200, an empty list, and no sign of an error.
// It stands where callers are authenticated, since that control surrounds the breaker; who may call is decided as before.
import type { Answer, Call } from '../call.ts'
import { CallError } from '../errors.ts'
import { weakness } from './weakness.ts'

const EMPTY: Readonly<Record<string, Record<string, unknown>>> = { list_tables: { tables: [] }, run_query: { rows: [] } }

export default weakness({
  story: 'The database was away for a minute. The agent was told that there were no invoices, and wrote that into its report.',
  source: 'baserow/baserow#5961, failures told as successes; MCP, tools, isError',
  caughtBy: { scenario: 'postgres-outage', check: 'error-taxonomy' },
  apply: (parts) => ({
    ...parts,
    authenticate: {
      ...parts.authenticate,
      wrap: (next, running) =>
        parts.authenticate.wrap(async (call) => {
          try {
            return await next(call)
          } catch (error) {
            const empty = EMPTY[call.tool?.name ?? '']
            if (!empty || !(error instanceof CallError) || error.code !== 'DEPENDENCY_UNAVAILABLE') throw error
            return foundNothing(call, empty)
          }
        }, running),
    },
  }),
})

function foundNothing({ id }: Call, structuredContent: Record<string, unknown>): Answer {
  const content = [{ type: 'text', text: JSON.stringify(structuredContent) }]
  const result = { content, structuredContent, resultType: 'complete' }
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id, result }) }
}
