// A Postgres or a Redis of the user's own (`--postgres`, `--redis`): the run stands its proxy before it and reads it, and breaks
// nothing but the link. Faults inside it would need its identity to be ours.
import { HarnessError } from '../errors.ts'
import { dependencyOf, type FaultDefinition } from '../faults/fault.ts'
import { TTL_S } from '../faults/user-fault.ts'
import type { Plan } from '../plan/plan.ts'
import type { Target } from '../target.ts'

export interface Given {
  /** `postgres://user:password@host:port/database` */
  postgres?: string
  /** `redis://host:port` */
  redis?: string
}

const PORTS: Record<keyof Given, number> = { postgres: 5432, redis: 6379 }

/** `host:port` of what was given under this name. */
export function givenAddress(given: Given, name: string): string | undefined {
  const url = given[name as keyof Given]
  if (url === undefined) return undefined
  const { hostname, port } = new URL(url)
  return `${hostname}:${port || PORTS[name as keyof Given]}`
}

/** The same addresses by way of the proxy. */
export function throughLinks(given: Given, at: Record<string, string>): Given {
  const through = Object.entries(given).map(([name, url]) => {
    const [hostname = '', port = ''] = at[name]?.split(':') ?? []
    return [name, Object.assign(new URL(url), { hostname, port }).href]
  })
  return Object.fromEntries(through)
}

/**
 * Before anything is started: a fault that acts inside a dependency asks for one that the run starts itself.
 * @throws HarnessError `BAD_OPTION`, `TARGET_INVALID`, `FAULT_NOT_POSSIBLE`
 */
export function assertBreakable(
  plan: Pick<Plan, 'faults'>,
  target: Pick<Target, 'dependencies' | 'faults' | 'start'>,
  given: Given,
  faultNamed: (id: string) => Pick<FaultDefinition, 'needs' | 'dependency'>,
): void {
  const { dependencies = {}, faults = {} } = target
  for (const name of Object.keys(given)) {
    if (dependencies[name] !== undefined) continue
    const known = Object.keys(dependencies).join(', ') || 'none'
    throw new HarnessError('BAD_OPTION', `--${name} is given, but the target names no such dependency`, `it names: ${known}`)
  }
  for (const { fault, parameters, injectAtMs, healAtMs } of plan.faults) {
    const lastsS = (healAtMs - injectAtMs) / 1_000
    const own = faults[fault]
    const { ttlS = TTL_S } = own ?? {}
    if (own && lastsS > ttlS)
      throw new HarnessError(
        'TARGET_INVALID',
        `faults.${fault} lives ${ttlS} s, and its window lasts ${lastsS} s`,
        `set its ttlS in the target to ${Math.ceil(lastsS)} or more`,
      )
    const definition = faultNamed(fault)
    const { needs } = definition
    assertThere(fault, needs, dependencyOf(definition, parameters), target)
    const name = needs.find((need) => need in PORTS && (need in given || dependencies[need] !== 'embedded'))
    if (name === undefined) continue
    const hint = name in given ? `leave --${name} out` : `set dependencies.${name} to 'embedded' in the target`
    throw new HarnessError(
      'FAULT_NOT_POSSIBLE',
      `${fault} acts inside ${name}, and only one that the run starts itself is broken from inside`,
      `${hint}, or choose a scenario that breaks the link only`,
    )
  }
}

const STUBS: Record<string, string> = { upstream: 'upstream', identityProvider: 'identity-provider' }

/** What a fault breaks must stand in the target: a fault that reaches nothing proves nothing. */
function assertThere(
  fault: string,
  needs: FaultDefinition['needs'],
  broken: string,
  { dependencies = {}, start }: Pick<Target, 'dependencies' | 'start'>,
) {
  const impossible = (what: string, line: string) => {
    throw new HarnessError('FAULT_NOT_POSSIBLE', `${fault} breaks ${what}`, `add to the target: ${line}`)
  }
  if (needs.includes('servers') && !start)
    impossible('a server that the run starts itself', "start: { command: 'npm start', ready: '/health' }")
  const stub = needs.map((need) => STUBS[need]).find((name) => name !== undefined && dependencies[name] !== 'embedded')
  if (stub !== undefined) impossible(`the ${stub} that the run starts itself`, `dependencies: { '${stub}': 'embedded' }`)
  if (needs.includes('link') && broken !== 'server' && dependencies[broken] === undefined)
    impossible(`the link to ${broken}, and the target names no such dependency`, `dependencies: { ${broken}: { address: 'localhost:…' } }`)
}
