// The limiter is asked once the work is done: it refuses the answer, not the cost.
import type { Answer, Call } from '../call.ts'
import { admission } from '../controls/admission.ts'
import { type Control, control } from '../controls/control.ts'
import { weakness } from './weakness.ts'

const afterwards: Control = control({
  ...admission,
  wrap(next, running) {
    const answers = new WeakMap<Call, Answer>()
    const admit = admission.wrap(async (call) => answers.get(call) as Answer, running)
    return async function admission(call) {
      answers.set(call, await next(call))
      return await admit(call)
    }
  },
})

export default weakness({
  story: 'The limit was counted in a middleware behind the handler: a loop got 429 for every call, and the database still ran every query.',
  source: 'seed 2, "Rate Limiting That Actually Works": check before the work, not after',
  caughtBy: { scenario: 'runaway-loop', check: 'cheap-refusal' },
  apply: (parts) => ({ ...parts, arrange: (controls) => controls.map((one) => (one === admission ? afterwards : one)) }),
})
