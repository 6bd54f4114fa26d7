// What a fault takes from the environment, or a sentence that says why it cannot act here.
import { ASK_POSTGRES } from '../environment/postgres-identity.ts'
import { runIdOf } from '../environment/redis-identity.ts'
import type { Environment, FaultKeeper, IdentityProviderService, Link, UpstreamService } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'

type Postgres = NonNullable<Environment['postgres']>
type Redis = NonNullable<Environment['redis']>
type Server = Environment['servers'][number]

/** @throws HarnessError `FAULT_NOT_POSSIBLE`: the harness's proxy is not in this path */
export function neededLink({ links }: Environment, name: string): Link {
  const link = links[name]
  if (link) return link
  const hint = name === 'server' ? 'it must be reachable as plain http from this machine' : `add dependencies.${name} to the target`
  throw impossible(`the harness's proxy is not before ${name}`, hint)
}

/** @throws HarnessError `FAULT_NOT_POSSIBLE`: the database is not one that this run started */
function neededPostgres({ postgres }: Environment): Postgres {
  if (postgres) return postgres
  throw impossible('this run started no Postgres', "set dependencies.postgres to 'embedded' in the target")
}

/** Not before it has said that it is the one that we know. */
export async function provenPostgres(environment: Environment): Promise<Postgres> {
  const postgres = neededPostgres(environment)
  const [row] = await postgres.query(ASK_POSTGRES)
  if (row?.identity === postgres.identity) return postgres
  const seen = `the database at ${postgres.address} keeps its data in ${row?.identity}, not in ${postgres.identity}`
  throw impossible(seen, 'it is not the one that this run started: see what else listens there')
}

/** @throws HarnessError `FAULT_NOT_POSSIBLE`: the Redis is not one that this run started */
function neededRedis({ redis }: Environment): Redis {
  if (redis) return redis
  throw impossible('this run started no Redis', "set dependencies.redis to 'embedded' in the target")
}

/** Not before it has said that it is the one that we know. */
export async function provenRedis(environment: Environment): Promise<Redis> {
  const redis = neededRedis(environment)
  const runId = await runIdOf(redis.address)
  if (runId !== undefined && runId === redis.runId) return redis
  const seen = `the Redis at ${redis.address} has run id ${runId ?? '(no answer)'}, not ${redis.runId}`
  throw impossible(seen, 'it is not the one that this run started: see what else listens there')
}

export function neededUpstream({ upstream }: Environment): UpstreamService {
  if (upstream) return upstream
  throw impossible('this run started no upstream', "set dependencies.upstream to 'embedded' in the target")
}

export function neededIdentityProvider({ identityProvider }: Environment): IdentityProviderService {
  if (identityProvider) return identityProvider
  throw impossible('this run started no identity provider', "set dependencies['identity-provider'] to 'embedded' in the target")
}

/** @param instance from 1 on */
export function neededServer({ servers }: Environment, instance: number): Server {
  const server = servers.find((one) => one.instance === instance)
  if (server) return server
  throw impossible(
    `this run started no instance ${instance} of the server`,
    `it started ${servers.length}: give the target a start command`,
  )
}

export function neededKeeper({ keeper }: Environment): FaultKeeper {
  if (keeper) return keeper
  throw impossible('there is no lease to write down what must end with the run', 'run it by npm run scenario')
}

export function impossible(message: string, hint: string): HarnessError {
  return new HarnessError('FAULT_NOT_POSSIBLE', message, hint)
}
