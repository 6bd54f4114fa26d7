// What a target's functions may lean on, once for each instance of the server that will be started.
import { freePort } from '../environment/free-port.ts'
import { asked, HarnessError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import type { Target, TargetContext } from '../target.ts'
import { isLoopback } from './safety.ts'

const INSTANCES_MAX = 16

export interface ContextOptions {
  plan: Plan
  target: Target
  weaken?: string
  /** Port that agents call; without it a free one. */
  port?: number
}

export interface Contexts {
  /** One for each instance; what they share (`at`) is one object. */
  all: [TargetContext, ...TargetContext[]]
  /** The port of the balancer before several instances. */
  balancerPort?: number
  /** Why there are fewer instances than the scenario asked for. */
  notes: string[]
}

/** @throws HarnessError `SCENARIO_INVALID`, `TARGET_THREW`; as `freePort` */
export async function contextsOf({ plan, target, weaken, port }: ContextOptions): Promise<Contexts> {
  const agents = plan.agents.map(({ agent, index, tenant, priority }) => ({ agent, index, tenant, ...(priority && { priority }) }))
  const shared = {
    at: {},
    given: {},
    collector: '',
    scale: plan.scale,
    settings: plan.settings,
    ...(weaken !== undefined && { weaken }),
    agents,
  }
  const one = async (instance: number, instances: number, server: number): Promise<TargetContext> => {
    return { ...shared, ports: { server, admin: await freePort() }, instance, instances }
  }
  const { instances, instancesIfDeclared } = plan.settings
  const wanted = instances ?? instancesIfDeclared ?? 1
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > INSTANCES_MAX) {
    const name = instances === undefined ? 'instancesIfDeclared' : 'instances'
    throw new HarnessError('SCENARIO_INVALID', `settings.${name} is ${wanted}`, `it must be a whole number from 1 to ${INSTANCES_MAX}`)
  }
  const outer = await freePort(port, 'choose another with --port, or leave --port out for a free one')
  const alone: Contexts = { all: [await one(1, 1, outer)], notes: [] }
  if (wanted === 1) return alone
  const why =
    (instances === undefined && whyNotMeant(target, { ...alone.all[0], instances: wanted })) || whyNotSeveral(target, alone.all[0])
  if (why !== undefined) return { ...alone, notes: [`the scenario asks for ${wanted} instances; there is one: ${why}`] }
  const first = await one(1, wanted, await freePort())
  const others = await Promise.all(Array.from({ length: wanted - 1 }, async (_, i) => one(i + 2, wanted, await freePort())))
  return { all: [first, ...others], balancerPort: outer, notes: [] }
}

/** A server that keeps what it knows in one process is right as long as it is one. */
function whyNotMeant(target: Target, context: TargetContext): string | undefined {
  const { instances = 1 } = evaluate('declared', target.declared, context) ?? {}
  return instances > 1 ? undefined : 'the target does not say that it runs as several (declared: { instances: 2 })'
}

function whyNotSeveral(target: Target, context: TargetContext): string | undefined {
  if (!target.start) return 'the target has no start, so that its server is started by somebody else'
  if (target.start.ready === undefined) return 'its start has no ready, by which a balancer would know who takes calls'
  const url = evaluate('url', target.url, context) ?? ''
  if (!url.includes(String(context.ports.server)))
    return 'its url does not use ports.server, so that every instance would take the same port'
  if (!isLoopback(url) || new URL(url).protocol !== 'http:') return 'its url is not plain http on this machine'
  return undefined
}

/** A value of the target, or what its function makes of the context. */
export function evaluate<T>(what: string, value: T | ((context: TargetContext) => T) | undefined, context: TargetContext): T | undefined {
  return typeof value === 'function' ? asked(what, () => (value as (context: TargetContext) => T)(context)) : value
}
