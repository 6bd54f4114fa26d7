// The links of a run: each goes through the harness's own proxy, or, where one that already runs was named, through that toxiproxy.
import type { FaultKeeper, Link } from '../environment/service.ts'
import { type ProxyProcess, startProxy } from '../faults/proxy/client.ts'
import type { LinkSpec } from '../faults/proxy/messages.ts'
import { toxiproxyLinks } from '../faults/proxy/toxiproxy.ts'
import type { Target } from '../target.ts'
import type { Given } from './given.ts'

export interface LinkOptions {
  target: Target
  given: Given
  specs: LinkSpec[]
  /** Of somebody's toxiproxy. */
  toxiproxy?: string
  attemptsFile: string
  keeper: FaultKeeper
  signal: AbortSignal
}

export interface Links {
  proxy: ProxyProcess
  links: Record<string, Link>
  /** Names of those that are not the proxy's own: attempts at them are not counted. */
  elsewhere: string[]
}

/** Its proxies know their own upstream: those of services that the run itself starts cannot be meant. */
export async function openLinks(options: LinkOptions, cleanup: AsyncDisposableStack): Promise<Links> {
  const { target, given, specs, toxiproxy, attemptsFile, keeper, signal } = options
  const names = specs.map(({ name }) => name).filter((name) => name in given || target.dependencies?.[name] !== 'embedded')
  const theirs = toxiproxy === undefined ? {} : await toxiproxyLinks(toxiproxy, names, keeper)
  const own = specs.filter(({ name }) => !(name in theirs))
  const proxy = cleanup.use(await startProxy({ keeper, links: own, attemptsFile, signal }))
  return { proxy, links: { ...proxy.links, ...theirs }, elsewhere: Object.keys(theirs) }
}
