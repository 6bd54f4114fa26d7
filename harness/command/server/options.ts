// Arguments of `npm run server`. A bad value is quoted with what it may be.
import { parseArgs } from 'node:util'
import { HarnessError, nearest } from '../../errors.ts'

export interface ServerCommandOptions {
  instances: number
  /** 0: a free one. */
  port: number
  help: boolean
}

const SPEC = {
  instances: { type: 'string' },
  port: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
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
`

const SEE = 'see: npm run server -- --help'

/** @throws HarnessError `BAD_OPTION` */
export function parseServerOptions(words: string[]): ServerCommandOptions {
  const { values, positionals } = parse(words)
  if (positionals.length > 0) throw bad(`it takes no ${JSON.stringify(positionals[0])}`, SEE)
  return {
    instances: whole('instances', values.instances ?? '1', 1, 10),
    port: whole('port', values.port ?? '8080', 0, 65_535),
    help: values.help ?? false,
  }
}

function parse(words: string[]) {
  try {
    return parseArgs({ args: words, options: SPEC, allowPositionals: true })
  } catch (error) {
    const wrong = /'?--?([\w-]+)/.exec((error as Error).message)?.[1] ?? ''
    const near = wrong in SPEC ? [] : nearest(wrong, Object.keys(SPEC))
    const hint = near.length > 0 ? `did you mean --${near.join(', --')}?` : SEE
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', hint, error)
  }
}

function whole(name: keyof typeof SPEC, text: string, from: number, to: number): number {
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= from && value <= to) return value
  throw bad(
    `--${name} is ${JSON.stringify(text)}`,
    `--${name} must be a whole number from ${from} to ${to}: npm run server -- --${name} ${to === 10 ? 3 : 8080}`,
  )
}

function bad(message: string, hint: string): HarnessError {
  return new HarnessError('BAD_OPTION', message, hint)
}
