// What a tool is written against. Schemas are built once, here, at import: built per request they cost four fifths of
// the server's throughput.
import { z } from 'zod'
import type { Identity, ToolResult } from '../call.ts'
import type { Once } from '../controls/idempotency.ts'
import type { Session } from '../store/session.ts'

/** Which bulkhead a tool's connection comes from. */
export type PoolName = 'cheap' | 'expensive' | 'write'

export interface ToolContext {
  identity: Identity
  /** The call's one connection, bound to its tenant; taken before the tool runs and given back after. */
  session: Session
  /** Runs a write at most once a key. */
  once: Once
  /** The key of this write from `Idempotency-Key` or `_meta`, for clients that keep it out of the arguments. */
  key: string | undefined
  /** Tells the metrics how the key was met. */
  outcome: (outcome: 'first' | 'replayed' | 'mismatch' | 'in-progress' | 'no-key') => void
}

export interface ToolDefinition<I extends z.ZodObject, O extends z.ZodObject> {
  /** What the model reads. */
  description: string
  class: 'read' | 'write'
  cost: 'cheap' | 'expensive'
  /** Beside `mcp:tools:read`. */
  scopes: readonly string[]
  /** Dependencies, as fine as can be said: `postgres:ledger.invoices`. */
  needs: readonly string[]
  /** From the moment the request's body was awaited, queue included. */
  deadlineMs: number
  /** Within which an answer is of use. */
  sloMs: number
  /** Where a write's effects can be counted. */
  effects?: { table: string; keyColumn: string }
  /** The list in the result that may be cut when the answer is too large. */
  list?: string
  input: I
  output: O
  run(args: z.output<I>, context: ToolContext): Promise<ToolResult>
}

export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends ToolDefinition<I, O> {
  kind: 'tool'
  name: string
  pool: PoolName
  /** The entry of tools/list. */
  listing: Record<string, unknown>
}

export function tool<I extends z.ZodObject, O extends z.ZodObject>(name: string, definition: ToolDefinition<I, O>): Tool {
  const { class: sort, cost, description, input, output, deadlineMs, sloMs } = definition
  const listing = {
    name,
    description,
    inputSchema: z.toJSONSchema(input, { io: 'input' }),
    outputSchema: z.toJSONSchema(output, { io: 'output' }),
    annotations: { readOnlyHint: sort === 'read', destructiveHint: false, idempotentHint: sort === 'read', openWorldHint: false },
    _meta: { 'desk/deadlineMs': deadlineMs, 'desk/sloMs': sloMs, 'desk/cost': cost },
  }
  // The pipeline handles arguments of every tool alike; the tool's own run sees them as its schema made them.
  return { kind: 'tool', name, pool: sort === 'write' ? 'write' : cost, listing, ...definition } as unknown as Tool
}
