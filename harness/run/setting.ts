// Starts everything a run needs around the load: the dependencies, the proxy before them, the server under test, and the
// link between the agents and it.
import type { Balancer } from '../environment/balancer.ts'
import { openDatabase } from '../environment/database.ts'
import { type PostgresService, startPostgres } from '../environment/postgres.ts'
import { type RedisService, startRedis } from '../environment/redis.ts'
import type { Environment, Keeper, Service } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import { type ProxyProcess, startProxy } from '../faults/proxy/client.ts'
import type { Plan } from '../plan/plan.ts'
import type { Declared, Observe, Target, TargetContext } from '../target.ts'
import { type Contexts, contextsOf, evaluate } from './context.ts'
import type { RunFolder } from './folder.ts'
import { assertSafe, isLoopback } from './safety.ts'
import { startServers } from './servers.ts'

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
  /** Before several instances. */
  balancer?: Balancer
  /** What is other than the scenario asked for, in sentences. */
  notes: string[]
}

export async function startSetting(options: SettingOptions): Promise<Setting> {
  const { plan, target, keeper, signal, progress } = options
  await using cleanup = new AsyncDisposableStack()
  const contexts = await contextsOf(options)
  const [context] = contexts.all
  const { balancerPort } = contexts
  const own = evaluate('url', target.url, context) ?? ''
  const url = balancerPort === undefined ? own : throughLink(own, `127.0.0.1:${balancerPort}`)
  assertSafe(url, target, plan)
  const services = await startDependencies(options, cleanup)
  const links = Object.entries(services.addresses).map(([name, to]) => ({ name, to, delayMs: plan.links[name]?.delayMs ?? 0 }))
  // Only what we may stand in front of: a remote host would see our proxy's name in TLS and Host.
  if (isLoopback(url) && new URL(url).protocol === 'http:')
    links.push({ name: 'server', to: hostOf(url), delayMs: plan.links.server?.delayMs ?? 0 })
  progress('starting the proxy')
  const proxy: ProxyProcess = cleanup.use(await startProxy({ keeper, links, attemptsFile: options.attemptsFile, signal }))
  for (const [name, link] of Object.entries(proxy.links)) if (name !== 'server') context.at[name] = link.address
  const { servers, balancer } = await startServers({ ...options, contexts }, cleanup)
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
      metricsUrls: metricsUrlsOf(target, contexts),
      processes: { harness: process.pid, proxy: proxy.pid, ...(balancer && { balancer: balancer.pid }) },
      url: throughLink(url, proxy.links.server?.address),
    },
    context,
    url,
    declared: evaluate('declared', target.declared, context) ?? {},
    observe,
    proxy,
    ...(balancer && { balancer }),
    notes: contexts.notes,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
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

/** Where each of several instances tells its metrics; empty when there is one, since `observe` says it then. */
function metricsUrlsOf({ observe }: Target, { all, balancerPort }: Contexts): Record<string, string> {
  if (balancerPort === undefined) return {}
  const urls = all.map((context) => [String(context.instance), evaluate('observe', observe, context)?.metrics?.url])
  return Object.fromEntries(urls.filter(([, url]) => url !== undefined))
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
