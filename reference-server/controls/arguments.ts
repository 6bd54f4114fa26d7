// Arguments are checked against the tool's schema before anything is taken for the call: no connection, no queue place.
// A wrong argument is the model's to correct, so it is told as a tool result, naming the field (never its value: it may be
// anybody's data). The budget has been charged: an agent that guesses wrong in a loop is still a loop.
import type { z } from 'zod'
import { CallError } from '../errors.ts'
import { control } from './control.ts'

export const checkedArguments = control({
  summary: "Refuses arguments that the tool's schema does not allow.",
  source: 'seed 2, hardening: "Input validation on all tool arguments"',
  settings: [],
  wrap: (next) =>
    function checkedArguments(call) {
      if (call.tool) {
        const parsed = call.tool.input.safeParse(call.arguments)
        if (!parsed.success) {
          const problems = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'arguments'}: ${said(issue)}`)
          if (call.tool.kind === 'resource') throw new CallError('INVALID_PARAMS', `Correct the parameters: ${problems.join('; ')}.`)
          throw new CallError('INVALID_ARGUMENTS', `Correct the arguments: ${problems.join('; ')}.`)
        }
        if (holdsNul(parsed.data)) throw new CallError('INVALID_ARGUMENTS', 'Correct the arguments: no text may hold the character U+0000.')
        call.arguments = parsed.data
      }
      return next(call)
    },
})

/** Names that the tool does not have are repeated when they look like names: they may be anything. */
function said(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message
  const names = issue.keys.map((name) => (/^[A-Za-z_]\w{0,39}$/.test(name) ? name : 'one that is no name'))
  return `there is no ${names.slice(0, 5).join(', ')} here`
}

/** JSON may say it, Postgres cannot store it: its refusal would look like a mistake of ours. Arguments are at most 32 deep. */
function holdsNul(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\u0000')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, item]) => holdsNul(name) || holdsNul(item))
}
