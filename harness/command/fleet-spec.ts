// From a plan and its target to what the manifests of a fleet are made from.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { HarnessError } from '../errors.ts'
import type { FleetSpec } from '../fleet/kubernetes/fleet-spec.ts'
import type { FleetFacts } from '../load/facts.ts'
import { spelling } from '../load/facts.ts'
import { bundle } from '../load/k6/bundle.ts'
import { planHash, planText } from '../plan/text.ts'
import { agentCredentials, agentHeaders } from '../run/agent-headers.ts'
import { contextsOf, evaluate } from '../run/context.ts'
import { assertSafe, isLoopback } from '../run/safety.ts'
import type { FleetOptions } from './fleet-options.ts'
import type { ScenarioOptions } from './options.ts'
import type { Planned } from './planned.ts'

/** Generators begin at a common moment of the clock: longer than the operator takes to start so many, ms. */
const ALIGN_MS = 10_000
const ALIGN_MS_A_POD = 100
const MEMORY_MIB = 512
/** Measured: docs/scale.md. */
const MEMORY_MIB_AN_AGENT = 0.6
/** Pulling images, drawing the plan, fetching and judging, s. */
const AROUND_S = 900

/** @throws HarnessError as `assertSafe`; `TARGET_NOT_IN_CLUSTER`, `LOAD_BUNDLE_REFUSED` */
export async function fleetSpec(
  { plan, target, units }: Planned,
  options: ScenarioOptions,
  fleet: FleetOptions,
): Promise<{ spec: FleetSpec; agents: string; url: string }> {
  const { all } = await contextsOf({ plan, target: target.value })
  const url = evaluate('url', target.value.url, all[0]) ?? ''
  assertSafe(url, target.value, plan)
  const host = new URL(url).hostname
  if (isLoopback(url) && !target.value.safety?.hosts?.includes(host))
    throw new HarnessError(
      'TARGET_NOT_IN_CLUSTER',
      `${url} is this machine; in a pod it would be the pod itself`,
      `give the address that pods reach, such as http://mcp.default.svc:8080/mcp, or mean it: safety: { hosts: ['${host}'] }`,
    )
  const hash = planHash(planText(plan))
  const run = fleet.run ?? `st-${plan.scenario.slice(0, 20)}-${hash.slice(0, 8)}`
  const lastsS = Math.ceil((plan.endsAtMs + plan.patienceMs + (plan.afterMs ?? 0)) / 1_000)
  const alignMs = ALIGN_MS + ALIGN_MS_A_POD * fleet.parallelism
  const observe = evaluate('observe', target.value.observe, all[0]) ?? {}
  const facts: FleetFacts = {
    ...{ url, run, seed: plan.seed, headers: [], later: [], credentials: [], alignMs },
    ...(observe.instanceHeader !== undefined && { instanceHeader: spelling(observe.instanceHeader) }),
  }
  const { first, later } = await agentHeaders(target.value, all[0], Date.now() + (lastsS + AROUND_S) * 1_000)
  const credentials = await agentCredentials(target.value, plan, all[0])
  const agents = plan.agents.map(({ index }) => ({ headers: first[index], later: later[index], credentials: credentials[index] }))
  return {
    url,
    agents: JSON.stringify(agents),
    spec: {
      run,
      ...(fleet.namespace !== undefined && { namespace: fleet.namespace }),
      parallelism: fleet.parallelism,
      agents: plan.agents.length,
      planHash: hash,
      drawWords: drawWords(options),
      facts: JSON.stringify(facts),
      bundle: await bundled(plan, units.personas),
      image: fleet.image,
      k6Image: fleet.k6Image,
      lastsS,
      memoryMib: MEMORY_MIB + Math.ceil((plan.agents.length / fleet.parallelism) * MEMORY_MIB_AN_AGENT),
      ttlS: fleet.ttlS ?? lastsS + AROUND_S,
      tokens: agents.some(({ headers = {} }) => Object.keys(headers).length > 0),
    },
  }
}

/** What of a command line decides the plan. */
function drawWords({ name, target, fleet, seed, scale, protocol, faults }: ScenarioOptions): string[] {
  return [
    name ?? '',
    ...['--target', target, '--seed', String(seed), '--scale', scale],
    ...(fleet.length > 0 ? ['--fleet', fleet.map(({ persona, agents }) => `${persona}:${agents}`).join(',')] : []),
    ...(protocol === undefined ? [] : ['--protocol', protocol]),
    ...faults.flatMap((fault) => ['--fault', fault]),
  ]
}

/** Without its source map, which names places on this machine. */
async function bundled(plan: Planned['plan'], personas: Planned['units']['personas']): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-bundle-'))
  try {
    const size = await bundle(plan, personas, path.join(folder, 'load.js'))
    return `${(await readFile(path.join(folder, 'load.js'), 'utf8')).slice(0, size)}\n`
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
