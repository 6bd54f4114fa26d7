// A27: no answer has a row of another tenant. Two tenants share pools, caches and budgets; what keeps their rows apart is a filter in the
// handler or a policy in the database, and one forgotten line of either shows everybody everything.
//
// Looked at: whose rows an answer says it has, at the places that the target names (`tenants` of a role), against the tenant of the agent
// that asked; first answers, pages and replays alike. One foreign row is a fail. An answer that names no tenant says nothing, nor does a
// row that is everybody's by its own word (`public`, `shared`, none).
// No limits. Not modelled: rows that do not say whose they are, sums over several tenants' rows, what a log line shows (nothing-leaks).
import type { Call } from '../history/event.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

const WITNESSES = 20

export const tenantsIsolated = check({
  code: 'A27',
  title: 'No tenant sees a row of another',
  why: 'A customer who finds another customer’s invoices in an answer tells everybody, and is right to.',
  remedy: {
    control: 'tenants',
    do: 'Bind every transaction to the caller’s tenant (`SET LOCAL`, never `SET`) under row-level security that the app’s role cannot bypass, and check each row’s tenant in the handler once more.',
    runbook: 'INTERNAL',
  },
  source: 'OWASP API1:2023, "Broken Object Level Authorization"; PostgreSQL, "Row Security Policies"; ibmi-mcp-server#111',
  sort: 'exact',
  needs: ['tenants'],
  limits: {},
  judge({ calls, plan }) {
    const known = new Set(plan.agents.map(({ tenant }) => tenant))
    const othersIn = (call: Call) => ownersIn(call, known).filter((owner) => owner !== call.tenant)
    const telling = calls.filter((call) => ownersIn(call, known).length > 0)
    const asking = new Set(telling.map(({ tenant }) => tenant))
    if (telling.length === 0) return notExercised('no answer said whose rows it has')
    const foreign = telling.filter((call) => othersIn(call).length > 0)
    if (asking.size < 2 && foreign.length === 0)
      return notExercised(`all who asked are of one tenant, ${[...asking].join('')}: nobody’s rows could be taken for another’s`)
    const [worst] = foreign.toSorted((a, b) => othersIn(b).length - othersIn(a).length)
    const answers = some(telling.length, 'answer')
    return {
      status: worst ? 'fail' : 'pass',
      measured: foreign.length,
      limit: 0,
      unit: 'answers with rows of another tenant',
      samples: telling.length,
      says: worst
        ? `${foreign.length} of ${answers} had rows of another tenant: ${worst.agent} of ${worst.tenant} got those of ${othersIn(worst).join(', ')} by ${worst.tool}`
        : `all ${answers} to agents of ${asking.size} tenants had rows of their own alone`,
      witnesses: indexes(foreign.slice(0, WITNESSES)),
    }
  },
})

/** What rows that all tenants share say instead of a tenant. */
const EVERYBODY = /^(?:|\*|common|everyone|global|none|null|public|shared)$/i

function ownersIn({ evidence }: Call, known: ReadonlySet<string>): string[] {
  return (evidence.tenants ?? []).filter((owner) => known.has(owner) || !EVERYBODY.test(owner))
}
