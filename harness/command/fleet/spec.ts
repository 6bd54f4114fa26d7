// From a plan and its target to what an export writes: the target's own functions are asked for what each agent sends.
import path from 'node:path'
import { isUnitFile } from '../../discover.ts'
import { HarnessError } from '../../errors.ts'
import type { FleetSpec } from '../../fleet/kubernetes/fleet-spec.ts'
import { lastsS, specOf } from '../../fleet/kubernetes/spec-of.ts'
import { planHash, planText } from '../../plan/text.ts'
import { agentCredentials, agentHeaders } from '../../run/agent-headers.ts'
import { contextsOf, evaluate } from '../../run/context.ts'
import { assertSafe, heldBack, isLoopback } from '../../run/safety.ts'
import type { Target } from '../../target.ts'
import type { ScenarioOptions } from '../scenario/options.ts'
import type { Planned } from '../scenario/planned.ts'
import type { FleetOptions } from './options.ts'

/** @throws HarnessError as `assertSafe`; `TARGET_NOT_IN_CLUSTER`, `LOAD_BUNDLE_REFUSED` */
export async function fleetSpec(
  { plan, target, units }: Planned,
  options: ScenarioOptions,
  fleet: FleetOptions,
): Promise<{ spec: FleetSpec; agents: string }> {
  const { all } = await contextsOf({ plan, target: target.value })
  const url = evaluate('url', target.value.url, all[0]) ?? ''
  assertSafe(url, target.value, plan)
  assertInCluster(url, target.value)
  const hash = planHash(planText(plan))
  const { instanceHeader } = evaluate('observe', target.value.observe, all[0]) ?? {}
  const headers = await agentHeaders(target.value, all[0], Date.now() + lastsS(plan) * 1_000)
  const allowances = heldBack(url, target.value, plan)
  const sent = {
    ...(allowances && { allowances }),
    ...{ plan, url, personas: units.personas, headers: headers.first, later: headers.later },
    run: fleet.run ?? `st-${plan.scenario.slice(0, 20)}-${hash.slice(0, 8)}`,
    credentials: await agentCredentials(target.value, plan, all[0]),
    ...(instanceHeader !== undefined && { instanceHeader }),
  }
  return await specOf(sent, { ...fleet, planHash: hash, drawWords: drawWords(options) })
}

/** A pod that calls this machine would call itself. */
export function assertInCluster(url: string, { safety }: Target): void {
  const host = new URL(url).hostname
  if (!isLoopback(url) || safety?.hosts?.includes(host)) return
  throw new HarnessError(
    'TARGET_NOT_IN_CLUSTER',
    `${url} is this machine; in a pod it would be the pod itself`,
    `give the address that pods reach, such as http://mcp.default.svc:8080/mcp, or mean it: safety: { hosts: ['${host}'] }`,
  )
}

/** What of a command line decides the plan. @throws HarnessError `BAD_OPTION` for files that cannot be in the image */
export function drawWords({ name, target, fleet, seed, scale, protocol, faults }: ScenarioOptions): string[] {
  return [
    inImage(name ?? ''),
    ...['--target', inImage(target), '--seed', String(seed), '--scale', scale],
    ...(fleet.length > 0 ? ['--fleet', fleet.map(({ persona, agents }) => `${persona}:${agents}`).join(',')] : []),
    ...(protocol === undefined ? [] : ['--protocol', protocol]),
    ...faults.flatMap((fault) => ['--fault', fault]),
  ]
}

/** A file as the image has it, which is built from the folder that we run in. */
function inImage(named: string): string {
  if (!isUnitFile(named) && !named.includes('/')) return named
  const relative = path.relative(process.cwd(), path.resolve(named))
  if (!relative.startsWith('..')) return relative
  throw new HarnessError(
    'BAD_OPTION',
    `${named} lies outside of ${process.cwd()}, from which the image is built`,
    'copy it into this folder',
  )
}
