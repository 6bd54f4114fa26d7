// What the example targets share: where their servers were installed (node tools/examples/install.mjs), the small ledger that they read,
// and the two reads that agents make of it. The tables and the role are those that the scenarios of the reference server break.
import type { Draw, ToolRole } from '../../../harness/target.ts'

const ROOT = `${import.meta.dirname}/../../..`
const MONTHS = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']

/** A shell command line that says how to get the example when it is not there. */
export function startOf(example: string, program: string): string {
  const hint = `the example is not installed: node tools/examples/install.mjs ${example}`
  return `test -e .tools/examples/${example}/installed.json || { echo '${hint}'; exit 1; }; ${program}`
}

/** The same, once the ledger is in the Postgres that SEED_URL names. */
export function seededStartOf(example: string, program: string): string {
  return startOf(example, `node tools/examples/seed.mjs && exec ${program}`)
}

export const cwd = ROOT

/** A cheap read that never touches invoices. */
function oneCustomer(draw: Draw): string {
  return `select name, city from ledger.customers where id = ${draw.int(1, 400)}`
}

/** The first of a month. */
export function day(draw: Draw): string {
  return `2026-${draw.pick(MONTHS)}-01`
}

/** A sum over a part of a table that grows. */
function sumOfInvoices(draw: Draw): string {
  const group = draw.pick(['status', 'customer_id', "date_trunc('month', issued_on)"])
  return `select ${group} as what, count(*), sum(amount_cents) from ledger.invoices where issued_on >= '${day(draw)}' group by 1 order by 1 limit 50`
}

/** A tool that takes SQL, as the two reads. */
export function readsBySql(name: string, argument: string): { cheapRead: ToolRole; expensiveRead: ToolRole } {
  return {
    cheapRead: {
      name,
      arguments: (draw) => ({ [argument]: oneCustomer(draw) }),
      sloMs: 500,
      needs: ['postgres:customers'],
    },
    expensiveRead: {
      name,
      arguments: (draw) => ({ [argument]: sumOfInvoices(draw) }),
      sloMs: 1_500,
      needs: ['postgres:invoices'],
    },
  }
}
