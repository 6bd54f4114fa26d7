// The table that a fault works on, as Postgres knows it: who owns it, and whether rows are hidden in it already.
import type { Environment } from '../environment/service.ts'
import { impossible } from './needed.ts'

export interface AppTable {
  owner: string
  rowSecurity: boolean
}

const ASK = `select pg_get_userbyid(relowner) as owner, relrowsecurity as "rowSecurity" from pg_class where oid = to_regclass($1)`

/** @throws HarnessError `FAULT_NOT_POSSIBLE` when there is no such table */
export async function appTable(postgres: NonNullable<Environment['postgres']>, table: string): Promise<AppTable> {
  const [found] = await postgres.query(ASK, [table])
  if (!found) throw impossible(`there is no table ${table}`, "name one of the server's own in the fault's parameter, with its schema")
  return { owner: String(found.owner), rowSecurity: found.rowSecurity === true }
}
