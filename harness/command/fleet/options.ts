// The options that say how a fleet is sent to Kubernetes, beside those that say what is run.
import { bad, given, whole } from '../arguments.ts'

export const FLEET = {
  kubernetes: { type: 'string' },
  parallelism: { type: 'string' },
  image: { type: 'string' },
  'k6-image': { type: 'string' },
  namespace: { type: 'string' },
  collector: { type: 'string' },
  kubectl: { type: 'string' },
  into: { type: 'string' },
  run: { type: 'string' },
  'ttl-s': { type: 'string' },
  'with-tokens': { type: 'boolean' },
} as const

export interface FleetOptions {
  parallelism: number
  into?: string
  image: string
  k6Image: string
  namespace?: string
  run?: string
  ttlS?: number
  withTokens: boolean
  /** A context of kubectl: the run's load comes from there. */
  kubernetes?: string
  kubectl?: string
  /** Where the harness reaches the collector; without it by port-forward. */
  collector?: string
}

export const SMALLEST_FLEET: FleetOptions = {
  parallelism: 1,
  image: 'stampede:local',
  k6Image: 'grafana/k6:2.2.0',
  withTokens: false,
}

type Values = { [K in keyof typeof FLEET]?: ((typeof FLEET)[K]['type'] extends 'boolean' ? boolean : string) | undefined }

/** @returns undefined where nothing was said of a fleet. @throws HarnessError `BAD_OPTION` */
export function clusterOf(values: Values): FleetOptions | undefined {
  const { kubernetes, parallelism, image, 'k6-image': k6Image, namespace, collector, kubectl, into, run, 'ttl-s': ttlS } = values
  if (Object.keys(FLEET).every((name) => values[name as keyof Values] === undefined)) return
  return {
    ...SMALLEST_FLEET,
    ...given({ kubernetes, image, k6Image, namespace, collector, kubectl, into, run, withTokens: values['with-tokens'] }),
    ...(parallelism !== undefined && { parallelism: whole('parallelism', parallelism, 1, 10_000) }),
    ...(ttlS !== undefined && { ttlS: whole('ttl-s', ttlS, 1, 86_400) }),
  }
}

/** @throws HarnessError `BAD_OPTION` for options of a fleet where there is none */
export function assertFleetMeant(cluster: FleetOptions | undefined): void {
  if (!cluster || cluster.kubernetes !== undefined) return
  const hint = 'add --kubernetes <context>, or use npm run export -- kubernetes; on this machine it is --generators <n>'
  throw bad('--parallelism, --image and the like are for a fleet in a cluster', hint)
}
