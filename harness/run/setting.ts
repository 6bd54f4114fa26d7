// Starts everything a run needs around the load: the dependencies, the proxy before them, the server under test, and the
// link between the agents and it.
import path from 'node:path'
import type { Balancer } from '../environment/balancer.ts'
import type { Images } from '../environment/container-services.ts'
import { openDatabase } from '../environment/database.ts'
import { Engine } from '../environment/engine.ts'
import { freePort } from '../environment/free-port.ts'
import { portOf } from '../environment/server-under-test.ts'
import type { Database, Environment, FaultKeeper, Link } from '../environment/service.ts'
import type { ProxyProcess } from '../faults/proxy/client.ts'
import type { LinkSpec } from '../faults/proxy/messages.ts'
import type { Plan } from '../plan/plan.ts'
import type { Declared, Observe, Target, TargetContext } from '../target.ts'
import { type Contexts, contextsOf, evaluate } from './context.ts'
import { startDependencies } from './dependencies.ts'
import type { RunFolder } from './folder.ts'
import { type Given, throughLinks } from './given.ts'
import { openLinks } from './links.ts'
import { numbersTold } from './numbers-told.ts'
import { assertNamedAll, assertSafe, isLoopback } from './safety.ts'
import { logFilesOf, startServers } from './servers.ts'
import { openSpanCollector, type SpanCollector } from './span-collector.ts'

export interface SettingOptions {
  plan: Plan
  target: Target
  /** Where the target's start command runs by default. */
  cwd: string
  folder: RunFolder
  attemptsFile: string
  keeper: FaultKeeper
  redisProgram: string
  given: Given
  /** The API of a toxiproxy that already runs: links that it has a proxy for go through it. */
  toxiproxy?: string
  /** Services and servers run in containers instead of local processes: these images. */
  images?: Images
  weaken?: string
  /** Port that the server listens on; without it a free one. */
  port?: number
  /** Says what is being started. */
  progress: (text: string) => void
  /** Told the bodies in which the server's spans come. */
  look: (text: string) => void
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
  /** Takes the server's spans, until it has been stopped. */
  spans?: SpanCollector
  /** Whole numbers among the variables that the server was started with: limits, sizes, times. */
  started: Record<string, string>
  /** Names of links that go through somebody's toxiproxy, which counts no attempts. */
  elsewhere: string[]
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
  // Before anything is started that would go there by way of the proxy.
  assertNamedAll(addressesOf(target, {}), target)
  const containers = options.images && { engine: await Engine.open(), images: options.images, keeper, signal }
  const where = { ...options, ...(containers && { containers }) }
  const services = await startDependencies(where, cleanup)
  const specs: LinkSpec[] = []
  for (const [name, to] of Object.entries(services.addresses))
    specs.push({ name, to, delayMs: plan.links[name]?.delayMs ?? 0, ...(await ownPort(target, name)) })
  // Only what we may stand in front of: a remote host would see our proxy's name in TLS and Host.
  if (isLoopback(url) && new URL(url).protocol === 'http:')
    specs.push({ name: 'server', to: hostOf(url), delayMs: plan.links.server?.delayMs ?? 0 })
  const { proxy, links, elsewhere } = await openLinks({ ...options, specs }, cleanup)
  progress(`the proxy is up; its links can be changed by hand at ${proxy.adminUrl}`)
  for (const [name, link] of Object.entries(links)) if (name !== 'server') context.at[name] = link.address
  Object.assign(context.given, throughLinks(options.given, context.at))
  const spans = await openCollector(options, contexts)
  if (spans) cleanup.use(spans)
  // Its documents name the way that the server must take.
  await services.identityProvider?.publish(context.at['identity-provider'] ?? services.identityProvider.address)
  const { servers, balancer } = await startServers({ ...where, contexts }, cleanup)
  const observe = evaluate('observe', target.observe, context) ?? {}
  assertNamedAll(addressesOf(target, observe), target)
  const readable = await openReadable(observe, options.given)
  const database = readable === undefined ? services.postgres : cleanup.use(readable)
  const owned = cleanup.move()
  return {
    environment: {
      links,
      keeper,
      canaries: services.canaries,
      ...(services.postgres && { postgres: services.postgres }),
      ...(services.redis && { redis: services.redis }),
      ...(services.upstream && { upstream: services.upstream }),
      ...(services.identityProvider && { identityProvider: services.identityProvider }),
      ...(database && { database }),
      servers,
      logFiles: logFilesOf(options.folder, servers, observe),
      metricsUrls: metricsUrlsOf(target, contexts),
      doors: doorsOf(target, contexts, links.server),
      processes: { harness: process.pid, proxy: proxy.pid, ...(balancer && { balancer: balancer.pid }) },
      url: throughLink(url, links.server?.address),
    },
    context,
    url,
    declared: evaluate('declared', target.declared, context) ?? {},
    observe,
    proxy,
    ...(balancer && { balancer }),
    ...(spans && { spans }),
    notes: contexts.notes,
    started: numbersTold(evaluate('start.env', target.start?.env, context) ?? {}),
    elsewhere,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Whoever starts the server can tell it where to send its spans; another server must send them to the port that its target names. */
async function openCollector({ target, folder, look }: SettingOptions, { all }: Contexts): Promise<SpanCollector | undefined> {
  const file = path.join(folder.raw, 'spans.ndjson')
  const port = evaluate('observe', target.observe, all[0])?.spans?.port
  if (!target.start && port === undefined) return undefined
  const collector = await openSpanCollector({ file, look, ...(port !== undefined && { port }) })
  for (const context of all) context.collector = collector.url
  return collector
}

/** Whatever of the target's the run itself asks or connects to, beside the endpoint. */
function addressesOf({ dependencies = {} }: Target, { metrics, probes, postgres, alerts }: Observe): string[] {
  const named = Object.values(dependencies).flatMap((how) => (how === 'embedded' ? [] : [how.address]))
  const asked = [metrics?.url, probes?.live, probes?.ready, postgres?.urlFrom && process.env[postgres.urlFrom]]
  const rules = alerts && /^https?:/.test(alerts.rules) ? [alerts.rules] : []
  return [...named, ...rules, ...asked.filter((address) => address !== undefined)]
}

/** @throws HarnessError `PORT_IN_USE` */
async function ownPort({ dependencies = {} }: Target, name: string): Promise<{ port?: number }> {
  const how = dependencies[name]
  return typeof how === 'object' && how.port !== undefined ? { port: await freePort(how.port) } : {}
}

/** A database that is not ours, for reading: what the target names, else what the command line gave. */
async function openReadable({ postgres }: Observe, given: Given): Promise<(Database & AsyncDisposable) | undefined> {
  if (postgres?.urlFrom !== undefined) return await openDatabase(postgres.urlFrom, process.env)
  return given.postgres === undefined ? undefined : await openDatabase('--postgres', { '--postgres': given.postgres })
}

/** Where each of several instances tells its metrics; empty when there is one, since `observe` says it then. */
function metricsUrlsOf({ observe }: Target, { all, balancerPort }: Contexts): Record<string, string> {
  if (balancerPort === undefined) return {}
  const urls = all.map((context) => [String(context.instance), evaluate('observe', observe, context)?.metrics?.url])
  return Object.fromEntries(urls.filter(([, url]) => url !== undefined))
}

/** Of instances that run on this machine, and of what stands before them. */
function doorsOf({ url }: Target, { all, balancerPort }: Contexts, link: Link | undefined): Record<string, number> {
  const own = all.map((context) => [String(context.instance), evaluate('url', url, context) ?? ''] as const)
  return {
    ...Object.fromEntries(own.flatMap(([instance, at]) => (isLoopback(at) ? [[instance, portOf(new URL(at))]] : []))),
    ...(link && { proxy: portOf(new URL(`http://${link.address}`)) }),
    ...(balancerPort !== undefined && { balancer: balancerPort }),
  }
}

function hostOf(url: string): string {
  const at = new URL(url)
  return `${at.hostname === 'localhost' ? '127.0.0.1' : at.hostname}:${portOf(at)}`
}

function throughLink(url: string, address: string | undefined): string {
  if (address === undefined) return url
  const through = new URL(url)
  through.host = address
  return through.href
}
