// Arguments of `npm run server`. A bad value is quoted with what it may be.
import { bad, parsed, whole } from '../arguments.ts'

export interface ServerCommandOptions {
  instances: number
  /** 0: a free one. */
  port: number
}

const SPEC = {
  instances: { type: 'string', default: '1' },
  port: { type: 'string', default: '8080' },
} as const

export const SERVER_HELP = `Starts the reference server alone, with two tenants' sample data, and prints tokens to call it with. Ctrl-C stops everything.

  npm run server
  npm run server -- [options]

  --instances <n>   1 to 10 instances that share Postgres and Redis, behind a balancer (default: 1)
  --port <n>        where to call it; 0: a free port (default: 8080)

Without more it brings a Postgres and a Redis of its own, which are gone afterwards. Environment:

  DATABASE_URL      use this Postgres; its user must be allowed to make schemas and roles
  REDIS_URL         use this Redis
  every setting of the server (reference-server/config.ts): AGENT_RATE_PER_MINUTE=600 npm run server

Example: npm run server -- --instances 3 --port 0
`

/** @throws HarnessError `BAD_OPTION` */
export function parseServerOptions(words: string[]): ServerCommandOptions {
  const { values, positionals } = parsed('server', SPEC, words)
  if (positionals.length > 0) throw bad(`server takes no ${JSON.stringify(positionals[0])}`, 'see: npm run server -- --help')
  return {
    instances: whole('instances', values.instances, 1, 10),
    port: whole('port', values.port, 0, 65_535),
  }
}
