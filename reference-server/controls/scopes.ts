// A token may call what it was given scopes for, and nothing else: one that lists tables does not run SQL, one that reads
// does not write. Every call needs `mcp:tools:read`; tools name what they need beside it. The refusal names the scope, so
// that a client can ask for exactly that (RFC 6750 §3.1); the challenge names all that the call needs, since a client asks for what
// it reads there and would lose the rest.
// What the exact arguments may need is controls/policy.ts.
import { challengeHeader } from '../auth/challenge.ts'
import type { Identity } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Tool } from '../tools/tool.ts'
import { control } from './control.ts'

export const scopes = control({
  summary: 'Refuses tools that the token has no scope for.',
  source: 'seed 2, "Tenant Isolation and Tool Permissions"',
  settings: [],
  wrap: (next, { settings }) =>
    function scopes(call) {
      const missing = missingScopes(call.identity, call.tool)
      if (missing.length > 0) {
        const scope = missing.join(' ')
        const needed = neededScopes(call.tool).join(' ')
        const challenge = { 'www-authenticate': challengeHeader(settings, { error: 'insufficient_scope', scope: needed }) }
        throw new CallError('INSUFFICIENT_SCOPE', `This key lacks the scope ${scope}.`, { scope, headers: challenge })
      }
      return next(call)
    },
})

export function missingScopes(identity: Identity | undefined, tool: Tool | undefined): string[] {
  return neededScopes(tool).filter((scope) => !identity?.scopes.has(scope))
}

function neededScopes(tool: Tool | undefined): string[] {
  return [...(tool?.kind === 'resource' ? [] : ['mcp:tools:read']), ...(tool?.scopes ?? [])]
}
