// What agents must know of the run beside the plan, as it is handed to a driver's own process: it holds their tokens, so it goes by
// a file of mode 0600 that is deleted once it is read, or by a channel of our own; never by an argument or the environment.
// Pure; runs inside k6.
import type { Plan } from '../plan/plan.ts'
import type { DriverOptions } from './driver.ts'
import type { Credentials, LaterHeaders, RunFacts } from './engine.ts'

export interface FleetFacts {
  url: string
  run: string
  seed: number
  /** By the agents' index. */
  headers: Record<string, string>[]
  /** By the agents' index; empty when no agent's headers change. */
  later: LaterHeaders[][]
  /** By the agents' index; empty when the target mints none. */
  credentials: Credentials[]
  /** By the agents' index: calls a second that each keeps to; empty or null: as planned. */
  perSecond: (number | null)[]
  instanceHeader?: string
  /**
   * The plan's clock starts at the next whole multiple of so many ms: generators on several machines, begun some moments apart, then
   * share one start. Absent: as soon as it can.
   */
  alignMs?: number
}

export function fleetFacts(
  options: Pick<DriverOptions, 'url' | 'run' | 'seed' | 'headers'> &
    Partial<Pick<DriverOptions, 'later' | 'credentials' | 'hostHeader' | 'instanceHeader' | 'allowances'>>,
): FleetFacts {
  const { url, run, seed, headers, later = [], credentials = [], hostHeader, instanceHeader } = options
  const host = hostHeader === undefined ? {} : { Host: hostHeader }
  const hosted = (own: Credentials) =>
    Object.fromEntries(Object.entries(own).map(([name, sent]) => [name, sent.map((one) => ({ ...one, ...host }))]))
  return {
    url,
    run,
    seed,
    headers: headers.map((own) => ({ ...own, ...host })),
    later: later.map((own) => own.map((next) => ({ ...next, headers: { ...next.headers, ...host } }))),
    credentials: credentials.map(hosted),
    perSecond: options.allowances?.perAgent.map((perSecond) => perSecond ?? null) ?? [],
    ...(instanceHeader !== undefined && { instanceHeader: spelling(instanceHeader) }),
  }
}

/** Go's spelling of a header's name: `ratelimit-policy` → `Ratelimit-Policy`. */
function spelling(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase())
}

interface Own {
  perSecond: number | null | undefined
  headers: Record<string, string> | undefined
  later: LaterHeaders[] | undefined
  credentials: Credentials | undefined
}

/** What one agent knows. */
export function agentFacts(
  { run, seed, instanceHeader }: Pick<FleetFacts, 'run' | 'seed' | 'instanceHeader'>,
  { roles, endsAtMs, patienceMs, protocol }: Pick<Plan, 'roles' | 'endsAtMs' | 'patienceMs' | 'protocol'>,
  own: Own,
  t0Ms: number,
): RunFacts {
  return {
    run,
    seed,
    t0Ms,
    protocol,
    roles,
    endsAtMs,
    patienceMs,
    headers: own.headers ?? {},
    ...(own.later && own.later.length > 0 && { later: own.later }),
    ...(typeof own.perSecond === 'number' && { perSecond: own.perSecond }),
    ...(own.credentials && { credentials: own.credentials }),
    ...(instanceHeader !== undefined && { instanceHeader }),
  }
}
