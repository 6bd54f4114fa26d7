// `npm run server`: the reference server alone, with what it needs, until Ctrl-C. The same starters as a run's, so nothing is
// left behind after a kill -9 either: the next start cleans up.
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { ensureRedis } from '../../../setup.mjs'
import { type BalancedInstance, startBalancer } from '../../environment/balancer.ts'
import { freePort } from '../../environment/free-port.ts'
import { startPostgres } from '../../environment/postgres.ts'
import { startRedis } from '../../environment/redis.ts'
import type { ServerInstance } from '../../environment/server-instance.ts'
import { startServer } from '../../environment/server-under-test.ts'
import type { Keeper } from '../../environment/service.ts'
import { HarnessError, withoutPassword } from '../../errors.ts'
import { Lease } from '../../run/lease.ts'
import type { Program } from '../program.ts'
import { onSignals } from '../signals.ts'
import { ROOT } from '../units.ts'
import { parseServerOptions, SERVER_HELP, type ServerCommandOptions } from './options.ts'
import { type Door, servingText } from './text.ts'

/** Three callers whose rights and tiers differ. Tenants are those of the sample data. */
const AGENTS: Omit<Door, 'token'>[] = [
  { agent: 'reader', tenant: 't1', tier: 'free', scopes: ['mcp:tools:read'] },
  {
    agent: 'billing',
    tenant: 't0',
    tier: 'paid',
    scopes: ['mcp:tools:read', 'mcp:tools:query', 'mcp:tools:write', 'mcp:tools:money', 'mcp:resources:read'],
  },
  {
    agent: 'operator',
    tenant: 't0',
    tier: 'enterprise',
    scopes: ['mcp:tools:read', 'mcp:tools:query', 'mcp:tools:write', 'mcp:tools:money', 'mcp:resources:read', 'mcp:approve', 'mcp:admin'],
  },
]

export const server: Program = { help: SERVER_HELP, run: serverCommand }

/** @returns the exit code, once it was stopped */
async function serverCommand(words: string[]): Promise<number> {
  const options = parseServerOptions(words)
  const lease = new Lease(`sv${Date.now().toString(36)}${process.pid.toString(36)}`)
  const abort = new AbortController()
  const unhook = onSignals(lease, abort, (signal) => say(`${signal}: stopping (once more: end at once)`))
  try {
    await using _lease = lease
    await serve(options, lease, abort.signal)
    return 0
  } catch (error) {
    if (abort.signal.aborted) return 0
    throw error
  } finally {
    unhook()
  }
}

async function serve(options: ServerCommandOptions, keeper: Keeper, signal: AbortSignal): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  const port = await freePort(options.port || undefined, 'npm run server -- --port 0 takes a free one')
  const stores = await startStores(options, keeper, cleanup, signal)
  const doors = AGENTS.map((agent) => ({ ...agent, token: `mcp_${agent.agent}_${randomBytes(24).toString('hex')}` }))
  const env = {
    ...stores.env,
    SEED_AGENTS: seeds(doors),
    INSTANCES: String(options.instances),
    LOG_HASH_KEY: randomBytes(32).toString('hex'),
  }
  const alone = options.instances === 1
  const started: Started[] = []
  for (let instance = 1; instance <= options.instances; instance++) {
    say(`starting the server${alone ? '' : `, instance ${instance} of ${options.instances}`}`)
    const one = await startInstance(instance, alone ? port : await freePort(), env, keeper, signal)
    cleanup.use(one.server)
    started.push(one)
  }
  if (!alone) cleanup.use(await startBalancer({ keeper, instances: started.map(({ balanced }) => balanced), port, signal }))
  const url = `http://127.0.0.1:${port}/v1/mcp`
  const admins = started.map(({ balanced }) => new URL(balanced.readyUrl).origin)
  process.stdout.write(servingText({ url, admins, doors, logs: started.map(({ log }) => log), ...stores.addresses }))
  await untilStopped(started, signal)
}

interface Started {
  balanced: BalancedInstance
  server: ServerInstance
  log: string
}

async function startInstance(
  instance: number,
  port: number,
  env: Record<string, string>,
  keeper: Keeper,
  signal: AbortSignal,
): Promise<Started> {
  const admin = await freePort()
  const readyUrl = `http://127.0.0.1:${admin}/readyz`
  const log = path.join(keeper.folder, `server-${instance}.log`)
  const server = await startServer({
    keeper,
    command: 'node reference-server/main.ts',
    cwd: ROOT,
    harnessNode: true,
    env: { ...env, PORT: String(port), ADMIN_PORT: String(admin), INSTANCE: `server-${instance}` },
    readyUrl,
    logFile: log,
    instance,
    signal,
  })
  return { server, balanced: { instance, address: `127.0.0.1:${port}`, readyUrl }, log }
}

interface Stores {
  env: Record<string, string>
  addresses: { postgres: string; redis: string }
}

async function startStores(
  { instances }: ServerCommandOptions,
  keeper: Keeper,
  cleanup: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<Stores> {
  const { DATABASE_URL: databaseUrl, REDIS_URL: redisUrl } = process.env
  say(
    [databaseUrl ? '' : 'Postgres', redisUrl ? '' : 'Redis']
      .filter(Boolean)
      .map((name) => `starting ${name}`)
      .join(', ') || 'using your Postgres and Redis',
  )
  const postgres = databaseUrl ? databaseFrom(databaseUrl) : await ownPostgres(instances, keeper, cleanup, signal)
  const redis =
    redisUrl || `redis://${cleanup.use(await startRedis({ keeper, signal, program: await ensureRedis({ root: ROOT, signal }) })).address}`
  return {
    env: { DATABASE_URL: postgres.app, DATABASE_ADMIN_URL: postgres.admin, REDIS_URL: redis },
    addresses: { postgres: withoutPassword(postgres.admin), redis: withoutPassword(redis) },
  }
}

interface DatabaseUrls {
  app: string
  admin: string
}

async function ownPostgres(instances: number, keeper: Keeper, cleanup: AsyncDisposableStack, signal: AbortSignal): Promise<DatabaseUrls> {
  const { address } = cleanup.use(await startPostgres({ keeper, signal, durable: true, maxConnections: 60 + 40 * instances }))
  return { app: `postgres://app@${address}/postgres`, admin: `postgres://postgres@${address}/postgres` }
}

/** The server works as the role `app`, which the migrations make; it gets a password of this start. */
function databaseFrom(given: string): DatabaseUrls {
  const url = URL.parse(given)
  if (!url || !/^postgres(ql)?:$/.test(url.protocol))
    throw new HarnessError(
      'BAD_OPTION',
      'DATABASE_URL is no address of a Postgres',
      'DATABASE_URL=postgres://user:password@host:5432/database npm run server',
    )
  const admin = process.env.DATABASE_ADMIN_URL
  if (admin) return { app: given, admin }
  const app = new URL(given)
  app.username = 'app'
  app.password = randomBytes(24).toString('hex')
  return { app: app.href, admin: given }
}

function seeds(doors: Door[]): string {
  return JSON.stringify(
    doors.map(({ agent, tenant, tier, scopes, token }) => ({ agent, tenant, tier, scopes, keyId: agent, secret: token.split('_')[2] })),
  )
}

async function untilStopped(started: Started[], signal: AbortSignal): Promise<void> {
  const stopped = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
  const ended = started.map(async (one) => {
    await one.server.exited
    return one
  })
  const first = await Promise.race([stopped, ...ended])
  if (first === undefined || signal.aborted) return
  throw new HarnessError('SERVER_ENDED', `instance ${first.balanced.instance} of the server ended by itself`, `its log: ${first.log}`)
}

function say(sentence: string): void {
  process.stderr.write(`· ${sentence}\n`)
}
