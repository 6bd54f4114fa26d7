// What a control is written against: one defence, around everything that comes after it. The list in server.ts is the order.
import type { Answer, Call } from '../call.ts'
import type { Running } from '../running.ts'

/**
 * The rest of the pipeline. Refusals are CallErrors, answered at the outer end: thrown at once where nothing had to be waited for, else
 * the promise rejects. So a control that only looks is a plain function, and what it refuses has cost no promise and no timer.
 */
export type Next = (call: Call) => Promise<Answer>

export interface Control {
  kind: 'control'
  summary: string
  /** The published rule or the failure it answers. */
  source: string
  /** Environment variables that tune it. */
  settings: readonly string[]
  wrap(next: Next, running: Running): Next
}

export function control(definition: Omit<Control, 'kind'>): Control {
  return { kind: 'control', ...definition }
}
