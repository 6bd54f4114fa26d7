// What the manifests of one fleet are made from: values, drawn and checked before.
import { HarnessError } from '../../errors.ts'

/** Carries the run's name on every object of it: `kubectl delete … -l stampede.run=<name>` removes them all. */
export const RUN_LABEL = 'stampede.run'
/** What the collector listens at. */
export const COLLECTOR_PORT = 6_570
/** The largest data of a ConfigMap, bytes: etcd takes 1.5 MiB a request, Kubernetes 1 MiB of data. */
export const CONFIG_MAP_BYTES_MAX = 1_048_576
/** The kinds that the fleet is made of, and those that the operator makes from its TestRun. */
export const KINDS = ['testruns.k6.io', 'jobs', 'services', 'pods', 'configmaps', 'secrets', 'roles', 'serviceaccounts']

export interface FleetSpec {
  /** Of every object, and the run's id on the wire. */
  run: string
  namespace?: string
  parallelism: number
  agents: number
  planHash: string
  /** Command line that draws the plan again: `scenario`, `--target`, `--seed` and so on. */
  drawWords: readonly string[]
  /** Requests a second that each generator keeps to: its part of the cap of the whole fleet; absent: no cap. */
  ratePerSecond?: number
  /** JSON: what agents must know beside the plan, without any token. */
  facts: string
  /** The agents' program. */
  bundle: string
  /** Ours: draws the plan, ships the lines, collects them. */
  image: string
  /** Stock k6, pinned. */
  k6Image: string
  /** Each pod is given that much for it. */
  memoryMib: number
  /** After so long nothing of the run is left, whatever has become of whoever started it. */
  ttlS: number
}

const NAME = /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/

/** @param tokens what the Secret will hold. @throws HarnessError `BAD_OPTION`, `CONFIG_MAP_TOO_LARGE`, `SECRET_TOO_LARGE` */
export function assertFits({ run, parallelism, agents, bundle, facts }: FleetSpec, tokens: string): void {
  if (!NAME.test(run))
    throw new HarnessError(
      'BAD_OPTION',
      `${JSON.stringify(run)} is no name for objects of Kubernetes`,
      'small letters, digits and -, at most 40, a letter first',
    )
  if (parallelism > agents)
    throw new HarnessError(
      'BAD_OPTION',
      `--parallelism is ${parallelism}, the plan has ${agents} agents`,
      `at most one generator an agent: --parallelism ${agents}`,
    )
  const bytes = Buffer.byteLength(bundle) + Buffer.byteLength(facts)
  if (bytes > CONFIG_MAP_BYTES_MAX)
    throw new HarnessError(
      'CONFIG_MAP_TOO_LARGE',
      `the agents' program has ${bytes} bytes; a ConfigMap takes ${CONFIG_MAP_BYTES_MAX}`,
      'personas should import no libraries; else put load.js into an image (FROM grafana/k6, COPY load.js /test/) and set spec.script.localFile and spec.runner.image',
    )
  if (Buffer.byteLength(tokens) > CONFIG_MAP_BYTES_MAX)
    throw new HarnessError(
      'SECRET_TOO_LARGE',
      `the agents' tokens have ${Buffer.byteLength(tokens)} bytes; a Secret takes ${CONFIG_MAP_BYTES_MAX}`,
      'let agents of one tenant share a token, or send fewer agents a run',
    )
}
