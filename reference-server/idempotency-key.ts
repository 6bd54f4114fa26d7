// The key under which a write happens once: from the arguments (the only place that a model can fill), the header, or `_meta`.
// Never the JSON-RPC id: clients reuse ids.
import type { Call } from './call.ts'

const KEY = /^[\x21-\x7e]{1,200}$/

export function keyOf({ headers, message, arguments: given }: Call): string | undefined {
  const argument = given?.idempotencyKey
  if (typeof argument === 'string') return argument
  const params = message.params as { _meta?: Record<string, unknown> } | undefined
  const beside = headers['idempotency-key'] ?? params?._meta?.idempotencyKey
  return typeof beside === 'string' && KEY.test(beside) ? beside : undefined
}
