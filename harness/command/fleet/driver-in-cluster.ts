// `npm run scenario <name> -- --kubernetes <context>`: what sends the load then.

import { clusterDriver } from '../../fleet/kubernetes/driver.ts'
import { Kubectl } from '../../fleet/kubernetes/kubectl.ts'
import type { Driver } from '../../load/driver.ts'
import type { Plan } from '../../plan/plan.ts'
import { planHash, planText } from '../../plan/text.ts'
import type { Lease } from '../../run/lease.ts'
import type { Target } from '../../target.ts'
import type { ScenarioOptions } from '../scenario/options.ts'
import type { FleetOptions } from './options.ts'
import { assertInCluster, drawWords } from './spec.ts'

export interface InCluster {
  options: ScenarioOptions
  cluster: FleetOptions
  plan: Plan
  target: Target
  lease: Lease
  say: (text: string) => void
}

/** @throws HarnessError `TARGET_NOT_IN_CLUSTER` */
export function driverInCluster({ options, cluster, plan, target, lease, say }: InCluster): Driver {
  const { kubernetes: context = '', kubectl: program, collector, namespace } = cluster
  if (typeof target.url === 'string') assertInCluster(target.url, target)
  const where = { context, ...(program !== undefined && { program }), ...(namespace !== undefined && { namespace }) }
  return clusterDriver({
    ...cluster,
    ...(collector !== undefined && { collectorUrl: collector }),
    kubectl: new Kubectl(where),
    planHash: planHash(planText(plan)),
    drawWords: drawWords(options),
    keeper: lease,
    cwd: process.cwd(),
    say,
  })
}
