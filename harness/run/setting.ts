// Starts everything a run needs around the load: the dependencies, the proxy before them, the server under test, and the
// link between the agents and it.
import { openDatabase } from '../environment/database.ts'
import { freePort } from '../environment/free-port.ts'
import { type PostgresService, startPostgres } from '../environment/postgres.ts'
import { type RedisService, startRedis } from '../environment/redis.ts'
import type { ServerInstance } from '../environment/server-instance.ts'
import { startServer } from '../environment/server-under-test.ts'
import type { Environment, Keeper, Service } from '../environment/service.ts'
import { asked, HarnessError } from '../errors.ts'
import { type ProxyProcess, startProxy } from '../faults/proxy/client.ts'
import type { Plan } from '../plan/plan.ts'
import type { Declared, Observe, Target, TargetContext } from '../target.ts'
import type { RunFolder } from './folder.ts'
import { assertSafe, isLoopback } from './safety.ts'

export interface SettingOptions {
  plan: Plan
  target: Target
  /** Where the target's start command runs by default. */
  cwd: string
  folder: RunFolder
  attemptsFile: string
  keeper: Keeper
  redisProgram: string
  weaken?: string
  /** Port that the server listens on; without it a free one. */
  port?: number
  /** Says what is being started. */
  progress: (text: string) => void
  signal: AbortSignal
}

/** The run's surroundings, up and reachable. Disposing stops them in reverse order. */
export interface Setting extends AsyncDisposable {
  environment: Environment
  context: TargetContext
  /** The server's own address, past the link. */
  url: string
  declared: Declared
  observe: Observe
  proxy: ProxyProcess
}

export async function startSetting(options: SettingOptions): Promise<Setting> {
  const { plan, target, keeper, signal, progress } = options
  await using cleanup = new AsyncDisposableStack()
  const context = await contextOf(options)
  const url = evaluate('url', target.url, context) ?? ''
  assertSafe(url, target, plan)
  const services = await startDependencies(options, cleanup)
  const links = Object.entries(services.addresses).map(([name, to]) => ({ name, to, delayMs: plan.links[name]?.delayMs ?? 0 }))
  // Only what we may stand in front of: a remote host would see our proxy's name in TLS and Host.
  if (isLoopback(url) && new URL(url).protocol === 'http:')
    links.push({ name: 'server', to: hostOf(url), delayMs: plan.links.server?.delayMs ?? 0 })
  progress('starting the proxy')
  const proxy: ProxyProcess = cleanup.use(await startProxy({ keeper, links, attemptsFile: options.attemptsFile, signal }))
  for (const [name, link] of Object.entries(proxy.links)) if (name !== 'server') context.at[name] = link.address
  const servers = await startServers(options, context, url, cleanup)
  const observe = evaluate('observe', target.observe, context) ?? {}
  const { urlFrom } = observe.postgres ?? {}
  const database = urlFrom === undefined ? services.postgres : cleanup.use(await openDatabase(urlFrom, process.env))
  const owned = cleanup.move()
  return {
    environment: {
      links: proxy.links,
      ...(services.postgres && { postgres: services.postgres }),
      ...(services.redis && { redis: services.redis }),
      ...(database && { database }),
      servers,
      processes: { harness: process.pid, proxy: proxy.pid },
      url: throughLink(url, proxy.links.server?.address),
    },
    context,
    url,
    declared: evaluate('declared', target.declared, context) ?? {},
    observe,
    proxy,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function contextOf({ plan, weaken, port }: SettingOptions): Promise<TargetContext> {
  return {
    at: {},
    ports: { server: port === undefined ? await freePort() : await requirePort(port), admin: await freePort() },
    instance: 1,
    instances: 1,
    scale: plan.scale,
    settings: plan.settings,
    ...(weaken !== undefined && { weaken }),
    agents: plan.agents.map(({ agent, index, tenant }) => ({ agent, index, tenant })),
  }
}

async function requirePort(port: number): Promise<number> {
  return freePort(port).catch((error: unknown) => {
    throw new HarnessError('PORT_IN_USE', `port ${port} is in use`, 'choose another with --port, or leave --port out for a free one', error)
  })
}

interface Dependencies {
  addresses: Record<string, string>
  postgres?: PostgresService
  redis?: RedisService
}

async function startDependencies(
  { target, keeper, redisProgram, signal, progress }: SettingOptions,
  cleanup: AsyncDisposableStack,
): Promise<Dependencies> {
  const dependencies: Dependencies = { addresses: {} }
  const owned = <S extends Service>(name: string, service: S): S => {
    dependencies.addresses[name] = service.address
    return cleanup.use(service)
  }
  const started = await Promise.allSettled(
    Object.entries(target.dependencies ?? {}).map(async ([name, how]) => {
      if (how !== 'embedded') dependencies.addresses[name] = how.address
      else if (name === 'postgres') dependencies.postgres = owned(name, await startPostgres({ keeper, signal }))
      else if (name === 'redis') dependencies.redis = owned(name, await startRedis({ keeper, signal, program: redisProgram }))
      else
        throw new HarnessError(
          'TARGET_INVALID',
          `dependencies.${name} is 'embedded'`,
          "only postgres and redis can be; for others give { address: 'host:port' }",
        )
      if (how === 'embedded') progress(`${name} is up`)
    }),
  )
  // Only now: one that is still starting while the others are being stopped would be forgotten.
  for (const one of started) if (one.status === 'rejected') throw one.reason
  return dependencies
}

async function startServers(
  { target, cwd, folder, keeper, signal, progress }: SettingOptions,
  context: TargetContext,
  url: string,
  cleanup: AsyncDisposableStack,
): Promise<ServerInstance[]> {
  const { start } = target
  if (!start) return []
  progress(`starting the server: ${start.command}`)
  const ready = evaluate('start.ready', start.ready, context) ?? ''
  const server = await startServer({
    keeper,
    command: start.command,
    cwd: start.cwd ?? cwd,
    env: evaluate('start.env', start.env, context) ?? {},
    readyUrl: new URL(ready, url).href,
    logFile: `${folder.raw}/server-1.log`,
    instance: 1,
    signal,
  })
  return [cleanup.use(server)]
}

/** A value of the target, or what its function makes of the context. */
function evaluate<T>(what: string, value: T | ((context: TargetContext) => T) | undefined, context: TargetContext): T | undefined {
  return typeof value === 'function' ? asked(what, () => (value as (context: TargetContext) => T)(context)) : value
}

function hostOf(url: string): string {
  const { hostname, port } = new URL(url)
  return `${hostname === 'localhost' ? '127.0.0.1' : hostname}:${port || 80}`
}

function throughLink(url: string, address: string | undefined): string {
  if (address === undefined) return url
  const through = new URL(url)
  through.host = address
  return through.href
}
