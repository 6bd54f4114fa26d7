// Every `initialize` is given a session, and an agent's budgets are counted in each of its sessions for itself: who opens another begins
// anew. Budgets that agents share are as before, and so are the agent's own where a call names no session.
import { randomUUID } from 'node:crypto'
import type { Call } from '../call.ts'
import { admission } from '../controls/admission.ts'
import type { BudgetsOf } from '../controls/budgets.ts'
import { control } from '../controls/control.ts'
import { weakness } from './weakness.ts'

const bySession = control({
  ...admission,
  wrap(next, running) {
    const admitted = admission.wrap(next, { ...running, budgets: ofSession(running.budgets) })
    return function admission(call) {
      if (call.method === 'initialize') call.answerHeaders['mcp-session-id'] = randomUUID()
      return admitted(call)
    }
  },
})

function ofSession(budgets: BudgetsOf): BudgetsOf {
  return (call, settings, typicalMs) => {
    const session = sessionOf(call)
    const own = budgets(call, settings, typicalMs)
    if (session === undefined) return own
    const inSession = <B extends { key: string }>(budget: B): B => ({ ...budget, key: `${budget.key}:${session}` })
    return {
      ...own,
      rates: own.rates.map((rate) => (rate.shared ? rate : inSession(rate))),
      ...(own.windows && { windows: own.windows.map(inSession) }),
      ...(own.leases && { leases: own.leases.map((lease) => (lease.of === 'agent' ? inSession(lease) : lease)) }),
    }
  }
}

function sessionOf({ headers }: Call): string | undefined {
  const session = headers['mcp-session-id']
  return typeof session === 'string' && session !== '' ? session : undefined
}

export default weakness({
  story:
    'The limiter took the session for the caller, as the middleware at hand did. Adapters that open a session for each call were never refused.',
  source:
    'mark3labs/mcp-go#896, with the limiters of terraform-mcp-server and kubernetes-mcp-server; LangChain MCP adapters (a session a call)',
  caughtBy: { scenario: 'retry-storm', check: 'limiter-true' },
  apply: (parts) => ({
    ...parts,
    arrange: (controls) => parts.arrange(controls).map((one) => (one === admission ? bySession : one)),
  }),
})
