// What the run's processes use: share of a core and resident memory; of the server for its whole process group, and of
// the harness, the generator and the proxy, so that a starved machine is not mistaken for a slow server. `others`: programs that
// are none of the run's, where the run has started everything that its load can keep busy; elsewhere they cannot be told from
// the server's own. A share is measured between two readings, so the first has none; clock ticks of 10 ms make it true to 2 %.
// `coreWaitShare`, on Linux: of the time, for which that thread of an instance wanted a core and had none that had to wait most.
// What it does not model: memory that processes share is counted for each; who left the group is not seen.
import { coreWaits, familyOf, openHandles, processes, type Usage } from '../environment/process-group.ts'
import type { Environment } from '../environment/service.ts'
import { type Reading, sampler } from './sampler.ts'

interface Earlier {
  atMs: number
  cpuMs: Map<number, number>
  /** Of the threads of each instance of the server. */
  waits: Map<string, Map<number, number>>
}

/** The reading before, by run. */
const earlier = new WeakMap<Environment, Earlier>()

export const process = sampler({
  summary: 'Cores, memory and open handles in use by the server, the generator, the proxy and the harness.',
  source: 'proc(5), /proc/pid/stat; ps(1)',
  periodMs: 500,
  applies: ({ servers, processes }) =>
    globalThis.process.platform !== 'win32' && (servers.length > 0 || Object.keys(processes ?? {}).length > 0),
  async sample(environment, _observe, signal) {
    signal.throwIfAborted()
    const all = await processes()
    const [atMs, wallMs] = [performance.now(), Date.now()]
    const before = earlier.get(environment)
    const waits = new Map(
      environment.servers.map(({ instance, pid }) => [String(instance), coreWaits(all.filter(({ group }) => group === pid))]),
    )
    earlier.set(environment, { atMs, cpuMs: new Map(all.map(({ pid, cpuMs }) => [pid, cpuMs])), waits })
    return whoseProcesses(environment, all).flatMap(([instance, members]): Reading[] => {
      if (members.length === 0) return []
      const sizes = { rssBytes: members.reduce((sum, member) => sum + member.rssBytes, 0), ...handlesOf(environment, instance, members) }
      if (!before) return [{ instance, atMs: wallMs, values: sizes }]
      // One that was not there before has used all its time since.
      const cpuMs = members.reduce((sum, member) => sum + Math.max(0, member.cpuMs - (before.cpuMs.get(member.pid) ?? 0)), 0)
      const passedMs = atMs - before.atMs
      const shares = { cpuShare: cpuMs / passedMs, ...longestOf(waits.get(instance), before.waits.get(instance), passedMs) }
      return [{ instance, atMs: wallMs, values: { ...sizes, ...shares } }]
    })
  },
})

/** Of those that were there before. */
function longestOf(waits = new Map<number, number>(), before = new Map<number, number>(), passedMs: number): { coreWaitShare?: number } {
  const waited = [...waits].flatMap(([thread, ms]) => (before.has(thread) ? [ms - (before.get(thread) ?? 0)] : []))
  return waited.length === 0 ? {} : { coreWaitShare: Math.max(...waited) / passedMs }
}

/** Of the server only: what it forgets to close piles up here. */
function handlesOf({ servers }: Environment, instance: string, members: Usage[]): { handles?: number } {
  if (!servers.some((server) => String(server.instance) === instance)) return {}
  const counts = members.map(({ pid }) => openHandles(pid)).filter((count) => count !== undefined)
  return counts.length === 0 ? {} : { handles: counts.reduce((sum, count) => sum + count, 0) }
}

function whoseProcesses(environment: Environment, all: Usage[]): [string, Usage[]][] {
  const { servers, processes = {} } = environment
  return [
    ...servers.map(({ instance, pid }): [string, Usage[]] => [String(instance), all.filter(({ group }) => group === pid)]),
    ...Object.entries(processes).map(([name, pid]): [string, Usage[]] => [name, all.filter((usage) => usage.pid === pid)]),
    ['others', startedAll(environment) ? others(environment, all) : []],
  ]
}

function startedAll({ servers, links, postgres, redis, upstream, identityProvider }: Environment): boolean {
  const ours: Record<string, unknown> = { server: servers[0], postgres, redis, upstream, 'identity-provider': identityProvider }
  return servers.length > 0 && Object.keys(links).every((name) => ours[name] !== undefined)
}

/** Those that are asked for after the run hold nobody up. In containers, what the run has started is nobody's child here. */
function others({ servers, processes = {}, postgres, redis }: Environment, all: Usage[]): Usage[] {
  const started = [postgres, redis, ...servers].flatMap((service) => service?.pid ?? [])
  const family = familyOf([globalThis.process.pid, ...started, ...Object.values(processes)], all)
  const latest = all.find(({ pid }) => pid === globalThis.process.pid)?.nice ?? 0
  return all.filter(({ pid, nice }) => !family.has(pid) && nice <= latest)
}
