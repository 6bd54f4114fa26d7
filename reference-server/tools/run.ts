// Runs a tool and frames its result: structured content, its JSON as text for models that read nothing else, the cap and the
// cursor to what it cut, the mark of a replay. Each write leaves its audit row in its own transaction: who (the token's id), what,
// with which arguments (their hash): both are there or neither is.
import type { CallToolResult } from '@modelcontextprotocol/server'
import type { Call, Identity, ToolResult } from '../call.ts'
import { needs } from '../controls/breaker.ts'
import { argumentsHash, type Once } from '../controls/idempotency.ts'
import { capped } from '../controls/output-cap.ts'
import { keyOf } from '../idempotency-key.ts'
import type { Running } from '../running.ts'
import type { Session, Transaction } from '../store/session.ts'
import { sql } from '../store/sql.ts'
import type { ToolContext } from './tool.ts'

const AUDIT = sql('audit-add.sql')

/** @throws CallError, or what the tool did not foresee */
export async function runTool(running: Running, call: Call): Promise<CallToolResult> {
  const { tool, facts } = call
  const context = contextOf(running, call)
  if (!tool) throw new Error('a tool was reached without passing the controls before it')
  const result = await tool.run(call.arguments as never, context)
  const { structured, replayed, text } = await framed(running, call, result)
  facts.replayed = replayed === true
  return {
    content: [{ type: 'text', text: text ? text(structured) : JSON.stringify(structured) }],
    structuredContent: structured,
    ...(replayed && { _meta: { replayed: true } }),
  }
}

async function framed({ settings }: Running, { tool }: Call, result: ToolResult): Promise<ToolResult> {
  if (!tool) return result
  const kept = capped(tool, result, settings.RESULT_MAX_BYTES)
  if (kept.structured.truncated !== true || !result.next) return kept
  const list = kept.structured[tool.list ?? '']
  const cursor = await result.next(Array.isArray(list) ? list.length : 0)
  return { ...kept, structured: { ...kept.structured, ...(cursor !== undefined && { cursor }) } }
}

/** What any tool or resource may lean on. */
export function contextOf(running: Running, call: Call): ToolContext {
  const { identity, session, tool } = call
  if (!identity || (!session && needs(tool, 'postgres'))) throw new Error('a tool was reached without passing the controls before it')
  const audited = (transaction: Transaction) => transaction.query({ text: AUDIT, values: auditOf(call, identity) })
  return {
    identity,
    session: session as Session,
    giveBack: call.giveBack ?? (async () => undefined),
    rates: running.ratesOf(call),
    asUser: running.asUserOf(call),
    cursors: running.cursors,
    progress: progressOf(call),
    sectionMs: running.settings.REPORT_SECTION_MS,
    once: auditing(running.once, audited),
    audited,
    key: keyOf(call),
    outcome: (outcome) => running.metrics.idempotency.inc({ outcome }),
  }
}

/** The audit row is sent ahead of the write, in the same packet: it holds no lock, and adds no round trip to those that do. */
function auditing(once: Once, audited: (transaction: Transaction) => Promise<unknown>): Once {
  return (request) =>
    once({
      ...request,
      async write(transaction) {
        const [row, value] = await Promise.allSettled([audited(transaction), request.write(transaction)])
        // Once the first has failed, the other one only says that the transaction has.
        if (row.status === 'rejected') throw row.reason
        if (value.status === 'rejected') throw value.reason
        return value.value
      },
    })
}

function auditOf({ tool, arguments: given = {}, requestId, traceId }: Call, { tenant, agent, keyId }: Identity): unknown[] {
  return [tenant, agent, keyId, tool?.name ?? '', argumentsHash(given), requestId, traceId ?? null]
}

function progressOf({ message, notify }: Call): ToolContext['progress'] {
  const { _meta } = (message.params ?? {}) as { _meta?: { progressToken?: unknown } }
  const token = _meta?.progressToken
  if (!notify || (typeof token !== 'string' && typeof token !== 'number')) return () => undefined
  return (done, total, text) =>
    notify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: done, total, message: text } })
}
