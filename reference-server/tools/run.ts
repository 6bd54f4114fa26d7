// Runs a tool and frames its result: structured content, its JSON as text for models that read nothing else, the cap, the mark
// of a replay.
import type { CallToolResult } from '@modelcontextprotocol/server'
import type { Call } from '../call.ts'
import { capped } from '../controls/output-cap.ts'
import type { Running } from '../running.ts'

/** @throws CallError, or what the tool did not foresee */
export async function runTool({ settings, once, metrics }: Running, call: Call): Promise<CallToolResult> {
  const { tool, identity, session } = call
  if (!tool || !identity || !session) throw new Error('a tool was reached without passing the controls before it')
  const result = await tool.run(call.arguments as never, {
    identity,
    session,
    once,
    key: keyOf(call),
    outcome: (outcome) => metrics.idempotency.inc({ outcome }),
  })
  const { structured, replayed } = capped(tool, result, settings.RESULT_MAX_BYTES)
  call.facts.replayed = replayed === true
  return {
    content: [{ type: 'text', text: JSON.stringify(structured) }],
    structuredContent: structured,
    ...(replayed && { _meta: { replayed: true } }),
  }
}

const KEY = /^[\x21-\x7e]{1,200}$/

function keyOf({ headers, message }: Call): string | undefined {
  const params = message.params as { _meta?: Record<string, unknown> } | undefined
  const given = headers['idempotency-key'] ?? params?._meta?.idempotencyKey
  return typeof given === 'string' && KEY.test(given) ? given : undefined
}
