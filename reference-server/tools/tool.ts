// What a tool is written against. Schemas are built once, here, at import: built per request they cost four fifths of
// the server's throughput.
import { z } from 'zod'
import type { AsUser } from '../auth/token-exchange.ts'
import type { Identity, ToolResult } from '../call.ts'
import type { Once } from '../controls/idempotency.ts'
import type { Cursors } from '../store/cursors.ts'
import type { Session, Transaction } from '../store/session.ts'
import type { Rates } from '../store/upstream.ts'

/** Which bulkhead a tool's connection comes from. */
export type PoolName = 'cheap' | 'expensive' | 'write'

export interface ToolContext {
  identity: Identity
  /** The call's one connection, bound to its tenant; taken before the tool runs and given back after. None without `postgres:`. */
  session: Session
  /** Gives the connection back early. */
  giveBack: () => Promise<void>
  /** The outside world. */
  rates: Rates
  /** The outside world with the calling user's own rights; only where callers have an identity provider's tokens. */
  asUser: AsUser
  /** Where a list was cut, kept for all instances. */
  cursors: Cursors
  /** Tells the caller how far it is, when it asked to be told. */
  progress: (done: number, total: number, message: string) => void
  /** How long one section of a report takes on data of real size, ms. */
  sectionMs: number
  /** Leaves the audit row of a call whose transaction is its own. */
  audited: (transaction: Transaction) => Promise<unknown>
  /** Runs a write at most once a key. */
  once: Once
  /** The key of this write: its argument, `Idempotency-Key` or `_meta`. */
  key: string | undefined
  /** Tells the metrics how the key was met. */
  outcome: (outcome: 'first' | 'replayed' | 'mismatch' | 'in-progress' | 'no-key') => void
}

export interface ToolDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  /** What the model reads. */
  description: string
  class: 'read' | 'write' | 'money'
  cost: 'cheap' | 'expensive'
  /** Beside `mcp:tools:read`. */
  scopes: readonly string[]
  /** Dependencies, as fine as can be said: `postgres:ledger.invoices`. */
  needs: readonly string[]
  /** From the moment the request's body was awaited, queue included. */
  deadlineMs: number
  /** Within which an answer is of use. */
  sloMs: number
  /** Unless its class and cost say which. */
  pool?: PoolName
  /** It takes something away: money, a key. */
  destructive?: boolean
  /** Called again with the same arguments, it changes nothing more. Reads never do. */
  idempotent?: boolean
  /** Where a write's effects can be counted. */
  effects?: { table: string; keyColumn: string }
  /** The list in the result that may be cut when the answer is too large. */
  list?: string
  input: I
  output: O
  run(args: z.output<I>, context: ToolContext): Promise<ToolResult>
}

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends ToolDefinition<I, O> {
  kind: 'tool' | 'resource'
  name: string
  pool: PoolName
  /** The entry of tools/list. */
  listing: Record<string, unknown>
}

export function tool<I extends z.ZodObject, O extends z.ZodObject>(name: string, definition: ToolDefinition<I, O>): Tool {
  const { class: sort, cost, description, input, output, deadlineMs, sloMs, needs } = definition
  const reads = sort === 'read'
  const listing = {
    name,
    description,
    inputSchema: z.toJSONSchema(input, { io: 'input' }),
    outputSchema: resultOrError(z.toJSONSchema(output, { io: 'output' })),
    annotations: {
      readOnlyHint: reads,
      destructiveHint: definition.destructive ?? false,
      idempotentHint: definition.idempotent ?? reads,
      openWorldHint: needs.some((need) => need.startsWith('upstream')),
    },
    _meta: { 'desk/deadlineMs': deadlineMs, 'desk/sloMs': sloMs, 'desk/cost': cost },
  }
  // The pipeline handles arguments of every tool alike; the tool's own run sees them as its schema made them.
  return { kind: 'tool', name, pool: reads ? cost : 'write', listing, ...definition } as unknown as Tool
}

/** What a failed call carries as its structured content (refusal.ts). */
const ERROR = {
  type: 'object',
  properties: { code: { type: 'string' }, retryable: { type: 'boolean' }, retryAfterMs: { type: 'integer' } },
  required: ['code', 'retryable'],
}

/**
 * A tool's failure has structured content too, and clients check it against the schema they were shown: version 1 of the TypeScript
 * SDK does so although `isError` is set, and throws the failure away when it does not fit. So the schema says both.
 */
function resultOrError({ $schema, ...result }: Record<string, unknown>): Record<string, unknown> {
  return { $schema, type: 'object', anyOf: [result, ERROR] }
}
