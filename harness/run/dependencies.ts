// What the server depends on, started by the run or found where the target says it is.
import { type DependencyCanary, givenCanary } from '../environment/given-canary.ts'
import { IdentityProvider, startIdentityProvider } from '../environment/identity-provider.ts'
import { PostgresService, startPostgres } from '../environment/postgres.ts'
import { RedisService, startRedis } from '../environment/redis.ts'
import type { Keeper, Service } from '../environment/service.ts'
import { startUpstream, Upstream } from '../environment/upstream.ts'
import { HarnessError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import { type Given, givenAddress } from './given.ts'

export interface DependencyOptions {
  plan: Plan
  target: Target
  keeper: Keeper
  redisProgram: string
  given: Given
  progress: (text: string) => void
  signal: AbortSignal
}

export interface Dependencies {
  /** `host:port` by name, in the target's order. */
  addresses: Record<string, string>
  postgres?: PostgresService
  redis?: RedisService
  upstream?: Upstream
  identityProvider?: IdentityProvider
  /** Of those that are not ours. */
  canaries: Record<string, DependencyCanary>
}

/** Side by side; none is forgotten when another one does not start. */
export async function startDependencies(options: DependencyOptions, cleanup: AsyncDisposableStack): Promise<Dependencies> {
  const { target, progress } = options
  const found: Dependencies = { addresses: {}, canaries: {} }
  const starting = Object.entries(target.dependencies ?? {}).map(async ([name, how]) => {
    const address = how === 'embedded' ? givenAddress(options.given, name) : how.address
    if (address !== undefined) {
      const canary = givenCanary(name)
      if (canary) found.canaries[name] = canary
      return [name, address] as const
    }
    const service = cleanup.use(await startOne(name, options))
    if (service instanceof PostgresService) found.postgres = service
    if (service instanceof RedisService) found.redis = service
    if (service instanceof Upstream) found.upstream = service
    if (service instanceof IdentityProvider) found.identityProvider = service
    progress(`${name} is up`)
    return [name, service.address] as const
  })
  for (const one of await Promise.allSettled(starting)) if (one.status === 'rejected') throw one.reason
  found.addresses = Object.fromEntries(await Promise.all(starting))
  return found
}

async function startOne(name: string, { plan, keeper, redisProgram, signal }: DependencyOptions): Promise<Service> {
  switch (name) {
    case 'postgres':
      return await startPostgres({ keeper, signal })
    case 'redis':
      return await startRedis({ keeper, signal, program: redisProgram })
    case 'upstream':
      return await startUpstream({ keeper, signal })
    case 'identity-provider': {
      const clients = plan.agents.map(({ agent, tenant }) => ({ id: agent, claims: { tenant } }))
      return await startIdentityProvider({ keeper, signal, clients })
    }
  }
  throw new HarnessError(
    'TARGET_INVALID',
    `dependencies.${name} is 'embedded'`,
    "only postgres, redis, upstream and identity-provider can be; for others give { address: 'host:port' }",
  )
}
