// Money moves under a key or not at all: without one, an agent that asks again after a timeout pays twice, and nobody can tell
// its second try from a second intent. The refusal is the tool's own (isError), so that the model reads it and adds a key.
// Source: seed 2, "If create_invoice can run twice, you have a business incident".
import { CallError } from '../errors.ts'
import { keyOf } from '../idempotency-key.ts'
import { control } from './control.ts'

export const keyRequired = control({
  summary: 'Refuses to move money without an idempotency key.',
  source: 'seed 2, "Idempotency"; Stripe API, idempotent requests',
  settings: [],
  wrap: (next, { metrics }) =>
    function keyRequired(call) {
      if (call.tool?.class === 'money' && keyOf(call) === undefined) {
        metrics.idempotency.inc({ outcome: 'no-key' })
        throw new CallError('IDEMPOTENCY_REQUIRED', 'This tool moves money: send an idempotencyKey of your own, one for each intent.')
      }
      return next(call)
    },
})
