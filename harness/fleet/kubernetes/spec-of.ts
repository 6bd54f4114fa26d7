// From what a driver is given to what the manifests are made from, and the tokens beside it.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { DriverOptions } from '../../load/driver.ts'
import { type FleetFacts, fleetFacts } from '../../load/facts.ts'
import { bundle } from '../../load/k6/bundle.ts'
import { shareOfRate } from '../../load/preconditions.ts'
import type { FleetSpec } from './fleet-spec.ts'

/** Generators begin at a common moment of the clock: longer than the operator takes to start so many, ms. */
const ALIGN_MS = 5_000
const ALIGN_MS_A_POD = 200
const MEMORY_MIB = 512
/** Measured: docs/scale.md. */
const MEMORY_MIB_AN_AGENT = 1
/** Pulling images, drawing the plan, fetching and judging, s. */
const AROUND_S = 900

/** What the command line says of the fleet. */
export interface FleetWishes {
  parallelism: number
  image: string
  k6Image: string
  namespace?: string
  ttlS?: number
  /** Command line that draws the plan again. */
  drawWords: readonly string[]
  planHash: string
}

export type Sent = Pick<DriverOptions, 'plan' | 'personas' | 'url' | 'run' | 'headers'> &
  Partial<Pick<DriverOptions, 'hostHeader' | 'later' | 'credentials' | 'instanceHeader' | 'allowances'>>

/** How long a fleet's tokens must hold, s. */
export function lastsS({ endsAtMs, patienceMs, afterMs = 0 }: Sent['plan']): number {
  return Math.ceil((endsAtMs + patienceMs + afterMs) / 1_000) + AROUND_S
}

/** @returns `agents`: JSON, each agent's headers and credentials by its index */
export async function specOf(sent: Sent, wishes: FleetWishes): Promise<{ spec: FleetSpec; agents: string }> {
  const { plan, run } = sent
  const { parallelism, namespace, ttlS = lastsS(plan), ...rest } = wishes
  const known = fleetFacts({ ...sent, seed: plan.seed })
  const agents = plan.agents.map(({ index }) => ({
    headers: known.headers[index],
    later: known.later[index],
    credentials: known.credentials[index],
  }))
  const facts: FleetFacts = { ...known, headers: [], later: [], credentials: [], alignMs: ALIGN_MS + ALIGN_MS_A_POD * parallelism }
  return {
    agents: JSON.stringify(agents),
    spec: {
      ...rest,
      run,
      ...(namespace !== undefined && { namespace }),
      parallelism,
      ...(sent.allowances && { ratePerSecond: shareOfRate(sent.allowances, { part: 0, of: parallelism }) }),
      agents: plan.agents.length,
      facts: JSON.stringify(facts),
      bundle: await bundled(sent),
      memoryMib: MEMORY_MIB + Math.ceil((plan.agents.length / parallelism) * MEMORY_MIB_AN_AGENT),
      ttlS,
    },
  }
}

/** Without its source map, which names places on this machine. */
async function bundled({ plan, personas }: Sent): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-bundle-'))
  try {
    const size = await bundle(plan, personas, path.join(folder, 'load.js'))
    return `${(await readFile(path.join(folder, 'load.js'), 'utf8')).slice(0, size)}\n`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
