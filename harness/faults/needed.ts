// What a fault takes from the environment, or a sentence that says why it cannot act here.
import type { Environment, Link } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'

/** @throws HarnessError `FAULT_NOT_POSSIBLE`: the harness's proxy is not in this path */
export function neededLink({ links }: Environment, name: string): Link {
  const link = links[name]
  if (link) return link
  const hint = name === 'server' ? 'it must be reachable as plain http from this machine' : `add dependencies.${name} to the target`
  throw new HarnessError('FAULT_NOT_POSSIBLE', `the harness's proxy is not before ${name}`, hint)
}

/** @throws HarnessError `FAULT_NOT_POSSIBLE`: the database is not one that this run started */
export function neededPostgres({ postgres }: Environment): NonNullable<Environment['postgres']> {
  if (postgres) return postgres
  throw new HarnessError('FAULT_NOT_POSSIBLE', 'this run started no Postgres', "set dependencies.postgres to 'embedded' in the target")
}
