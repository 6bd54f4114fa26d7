// What the server depends on, started by the run or found where the target says it is.
import { type Containers, startPostgresContainer, startRedisContainer, startWorkerContainer } from '../environment/container-services.ts'
import { type DependencyCanary, givenCanary } from '../environment/given-canary.ts'
import { IdentityProvider, identityProviderFor } from '../environment/identity-provider.ts'
import { PostgresService, startPostgres } from '../environment/postgres.ts'
import { assertReachable } from '../environment/reachable.ts'
import { RedisService, startRedis } from '../environment/redis.ts'
import type { Keeper, Service } from '../environment/service.ts'
import { UPSTREAM, Upstream } from '../environment/upstream.ts'
import { startWorker, type Work, type Worker } from '../environment/worker.ts'
import { HarnessError } from '../errors.ts'
import type { Plan } from '../plan/plan.ts'
import type { Target } from '../target.ts'
import { type Given, givenAddress } from './given.ts'

export interface DependencyOptions {
  plan: Plan
  /** The checkout, which containers may read. */
  cwd: string
  target: Target
  keeper: Keeper
  redisProgram: string
  given: Given
  /** Services run in containers of this engine instead of local processes. */
  containers?: Containers
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
  const starting = Object.entries(target.dependencies ?? {})
    .filter(isAskedFor(options.plan))
    .map(async ([name, how]) => {
      const address = how === 'embedded' ? givenAddress(options.given, name) : how.address
      if (address !== undefined) {
        const isGiven = name in options.given
        const hint = isGiven ? `leave --${name} out` : `mend dependencies.${name} in the target`
        // What the target starts may start its dependencies too.
        if (isGiven || !target.start) await assertReachable(name, address, hint, options.signal)
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

/** An issuer of tokens is started for scenarios that want one: for the others a server has its own way to know who calls. */
function isAskedFor({ settings }: Plan): (dependency: [string, unknown]) => boolean {
  return ([name, how]) => name !== 'identity-provider' || how !== 'embedded' || settings.identityProvider === 1
}

async function startOne(name: string, options: DependencyOptions): Promise<Service> {
  const { keeper, redisProgram, containers, signal } = options
  if (name === 'postgres') return containers ? await startPostgresContainer(containers) : await startPostgres({ keeper, signal })
  if (name === 'redis')
    return containers ? await startRedisContainer(containers) : await startRedis({ keeper, signal, program: redisProgram })
  if (name === 'upstream') return new Upstream(await worker(options, UPSTREAM))
  if (name === 'identity-provider') {
    const clients = options.plan.agents.map(({ agent, tenant }) => ({ id: agent, claims: { tenant } }))
    return new IdentityProvider(await worker(options, identityProviderFor(clients)))
  }
  throw new HarnessError(
    'TARGET_INVALID',
    `dependencies.${name} is 'embedded'`,
    "only postgres, redis, upstream and identity-provider can be; for others give { address: 'host:port' }",
  )
}

async function worker({ keeper, containers, cwd, signal }: DependencyOptions, what: Work): Promise<Worker> {
  return containers ? await startWorkerContainer(containers, what, cwd) : await startWorker({ keeper, signal, ...what })
}
