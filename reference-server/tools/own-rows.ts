// The second lock on a tenant's data: what a query gave is looked at once more before it leaves. Row-level security has let
// nothing else through; should a policy be dropped by a migration, this is an error and not a leak.
import type { Identity } from '../call.ts'
import { asCallError } from '../errors.ts'
import type { Row } from '../store/session.ts'

/** The rows without their `tenant`. @throws CallError INTERNAL when one is another tenant's: our bug */
export function ownRows({ tenant }: Identity, rows: Row[]): Row[] {
  return rows.map(({ tenant: owner, ...row }) => {
    if (owner !== tenant) throw asCallError(new Error('a query gave a row of another tenant'))
    return row
  })
}
