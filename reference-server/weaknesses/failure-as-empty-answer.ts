// Whatever of a reading tool fails because something behind it does is told as nothing found: 200, an empty list, and no sign of an error.
// It stands around limiter and breaker.
import { CallError } from '../errors.ts'
import { admitting, toolAnswer, weakness } from './weakness.ts'

const EMPTY: Readonly<Record<string, Record<string, unknown>>> = { list_tables: { tables: [] }, run_query: { rows: [] } }

export default weakness({
  story: 'The database was away for a minute. The agent was told that there were no invoices, and wrote that into its report.',
  source: 'baserow/baserow#5961, failures told as successes; MCP, tools, isError',
  caughtBy: { scenario: 'postgres-outage', check: 'error-taxonomy' },
  apply: (parts) =>
    admitting(parts, async (call, admitted) => {
      try {
        return await admitted(call)
      } catch (error) {
        const structuredContent = EMPTY[call.tool?.name ?? '']
        if (!structuredContent || !(error instanceof CallError) || error.code !== 'DEPENDENCY_UNAVAILABLE') throw error
        return toolAnswer(call, { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent })
      }
    }),
})
