// What no driver can do is refused before anything starts.
import { HarnessError } from '../errors.ts'
import type { Allowances } from '../plan/at-most.ts'
import type { Plan } from '../plan/plan.ts'
import type { Driver, DriverOptions, Share } from './driver.ts'
import { isForbiddenHeader, isStateless } from './request.ts'

/** @throws HarnessError `SCENARIO_INVALID`, `HEADER_FORBIDDEN` */
export function assertDrivable({ plan, headers, later = [] }: Pick<DriverOptions, 'plan' | 'headers' | 'later'>): void {
  if (plan.agents.length === 0)
    throw new HarnessError('SCENARIO_INVALID', 'the plan has no agents', 'add a persona to the fleet: steady({ agents: 4, role: … })')
  const all = [...headers, ...later.flat().map((next) => next.headers)]
  const forbidden = all.flatMap((own) => Object.keys(own)).find(isForbiddenHeader)
  if (forbidden === undefined) return
  const hint = "k6 would re-send such calls on its own; use idempotencyKey: { argument: '…' } or { meta: '…' } in the target's tool"
  throw new HarnessError('HEADER_FORBIDDEN', `agents.headers sets ${forbidden}`, hint)
}

/**
 * Agents that do not fit into memory are killed in the middle of a run, or so late that nothing can be judged.
 * @throws HarnessError `MEMORY_TOO_SMALL`
 */
export function assertRoom({ id, agentBytes = 0 }: Pick<Driver, 'id' | 'agentBytes'>, agents: number, availableBytes: number): void {
  if (agents * agentBytes <= availableBytes) return
  const [needed, left] = [agents * agentBytes, availableBytes].map((bytes) => (bytes / 1e9).toFixed(1))
  const hint = id === 'k6' ? '--driver undici takes an eighth of it; or' : 'take'
  throw new HarnessError(
    'MEMORY_TOO_SMALL',
    `${agents} agents by ${id} take about ${needed} GB, and ${left} GB are free`,
    `${hint} fewer agents, or several machines (docs/scale.md)`,
  )
}

/** What the plan's agents would do and this driver cannot, in a sentence for the manifest. */
export function leftOut({ id, holdsStreams }: Pick<Driver, 'id' | 'holdsStreams'>, { agents, protocol }: Plan): string[] {
  const listening = agents.filter(({ listens }) => listens !== undefined).length
  if (holdsStreams || isStateless(protocol) || listening === 0) return []
  return [
    `${listening} agents would hold the server's own stream open and answer what it asks: ${id} cannot, so they do not (--driver undici does)`,
  ]
}

/**
 * What one of several generators may send a second.
 * @throws HarnessError `CAP_EXCEEDED`
 */
export function shareOfRate({ ratePerSecond }: Allowances, { of }: Share): number {
  if (ratePerSecond >= of) return Math.floor(ratePerSecond / of)
  throw new HarnessError('CAP_EXCEEDED', `${of} generators cannot share ${ratePerSecond} calls a second`, 'take fewer: --generators 1')
}
