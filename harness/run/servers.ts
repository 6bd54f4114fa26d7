// The instances of the server under test, each with a context, a log and metrics of its own; several stand behind a balancer.
import { type Balancer, startBalancer } from '../environment/balancer.ts'
import { type Containers, startServerContainer } from '../environment/container-services.ts'
import type { ServerInstance } from '../environment/server-instance.ts'
import { startServer } from '../environment/server-under-test.ts'
import type { Keeper } from '../environment/service.ts'
import type { Manifest } from '../history/manifest.ts'
import type { Observe, Target, TargetContext } from '../target.ts'
import { type Contexts, evaluate } from './context.ts'
import type { RunFolder } from './folder.ts'

export interface ServersOptions {
  target: Target
  contexts: Contexts
  cwd: string
  folder: RunFolder
  keeper: Keeper
  containers?: Containers
  progress: (text: string) => void
  signal: AbortSignal
}

export interface Servers {
  servers: ServerInstance[]
  balancer?: Balancer
}

function logFileOf({ raw }: RunFolder, instance: number): string {
  return `${raw}/server-${instance}.log`
}

/** What it prints, and what it complains of; or the file of a server that was there before. */
export function logFilesOf(folder: RunFolder, servers: readonly ServerInstance[], { logs }: Observe): Record<string, string[]> {
  if (servers.length === 0) return logs?.file === undefined ? {} : { log: [logs.file] }
  return Object.fromEntries(
    servers.map(({ instance }) => [String(instance), [logFileOf(folder, instance), `${logFileOf(folder, instance)}.err`]]),
  )
}

/** Started side by side; none is forgotten when another one does not start. */
export async function startServers(options: ServersOptions, cleanup: AsyncDisposableStack): Promise<Servers> {
  const { target, contexts, keeper, signal, progress } = options
  const { start } = target
  if (!start) return { servers: [] }
  const count = contexts.all.length
  progress(`starting the server${count > 1 ? `, ${count} instances` : ''}: ${start.command}`)
  const starting = contexts.all.map(async (context) => cleanup.use(await startOne(options, start, context)))
  for (const one of await Promise.allSettled(starting)) if (one.status === 'rejected') throw one.reason
  const servers = await Promise.all(starting)
  const { balancerPort: port } = contexts
  if (port === undefined) return { servers }
  const instances = contexts.all.map((context) => {
    const address = new URL(evaluate('url', target.url, context) ?? '').host
    return { instance: context.instance, address, readyUrl: readyUrlOf(target, start, context) }
  })
  return { servers, balancer: cleanup.use(await startBalancer({ keeper, instances, port, signal })) }
}

async function startOne(
  { target, cwd, folder, keeper, containers, signal }: ServersOptions,
  start: NonNullable<Target['start']>,
  context: TargetContext,
): Promise<ServerInstance> {
  const { instance } = context
  const options = {
    command: start.command,
    cwd: start.cwd ?? cwd,
    harnessNode: start.harnessNode,
    readyWithinMs: start.readyWithinS && start.readyWithinS * 1_000,
    env: evaluate('start.env', start.env, context) ?? {},
    readyUrl: readyUrlOf(target, start, context),
    anyAnswer: start.ready === undefined,
    logFile: logFileOf(folder, instance),
    instance,
  }
  return containers ? await startServerContainer(containers, options, cwd) : await startServer({ ...options, keeper, signal })
}

function readyUrlOf(target: Target, start: NonNullable<Target['start']>, context: TargetContext): string {
  return new URL(evaluate('start.ready', start.ready, context) ?? '', evaluate('url', target.url, context)).href
}

/** An end that nobody asked for is a finding, and said. */
export function noteEnds(servers: readonly ServerInstance[], manifest: Manifest, signal: AbortSignal): void {
  for (const server of servers) {
    const which = servers.length > 1 ? `instance ${server.instance} of the server` : 'the server'
    server.whenDied(({ code, signal: by }) => {
      if (!signal.aborted) manifest.notes.push(`${which} ended by itself in the middle of the run (${by ?? `exit ${code}`})`)
    })
  }
}

const CHANGES_TOLD = 20

/** What the balancer did with its instances, in sentences; `t0Ms`: the run's start. */
export async function balancerNotes(balancer: Balancer | undefined, t0Ms: number): Promise<string[]> {
  const changes = (await balancer?.changes().catch(() => [])) ?? []
  const words = { in: 'took instance', out: 'ejected instance', draining: 'drained instance' }
  const told = changes.slice(0, CHANGES_TOLD).map(({ atMs, instance, state, because }) => {
    const when = ((atMs - t0Ms) / 1_000).toFixed(1)
    return `the balancer ${words[state]} ${instance}${state === 'in' ? ' back' : ''} at ${when} s (${because})`
  })
  const more = changes.length - told.length
  return more > 0 ? [...told, `the balancer changed its mind ${more} times more`] : told
}
