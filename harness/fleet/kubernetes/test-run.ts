// The TestRun that k6-operator carries out: one pod a generator, each with an equal segment of the same plan. Beside k6 itself, from the
// stock image, a pod has two containers of ours: one that draws the plan again from the seed before k6 starts and refuses another hash
// than the manifest's, and a native sidecar that ships the raw lines. k6 gets exact arguments (`args`, which the operator takes since its
// version 1.6; `arguments` would be split at spaces). The operator's own initializer is left out: it would
// look at the program before there is a plan. What k6 does not take shows as a pod that never started.
//
// Fields as in the operator's api/v1alpha1/testrun_types.go. Not modelled: Istio, private load zones, cloud output.
import { COLLECTOR_PORT, type FleetSpec, RUN_LABEL } from './fleet-spec.ts'
import type { Yaml } from './yaml.ts'

const [WORK, SECRETS, TOKENS] = ['/stampede/work', '/stampede/secrets', '/stampede/tokens']
/** The user of the stock image; ours runs as it too, so that they can read each other's files. */
const USER = 12_345

export function testRun(spec: FleetSpec): Yaml {
  const { run, parallelism } = spec
  return {
    apiVersion: 'k6.io/v1alpha1',
    kind: 'TestRun',
    metadata: metadataOf(spec, run),
    spec: {
      parallelism,
      script: { configMap: { name: run, file: 'load.js' } },
      args: argumentsOf(spec),
      cleanup: 'post',
      initializer: { disabled: true },
      starter: { metadata: { labels: { [RUN_LABEL]: run } }, automountServiceAccountToken: 'false' },
      runner: runner(spec),
    },
  }
}

export function metadataOf({ run, namespace }: Pick<FleetSpec, 'run' | 'namespace'>, name: string): { [key: string]: Yaml | undefined } {
  return { name, namespace, labels: { [RUN_LABEL]: run } }
}

/** The same as on one machine (harness/load/k6/start.ts), but for the paths; segment, address and pause are the operator's. */
function argumentsOf({ ratePerSecond }: FleetSpec): string[] {
  return [
    '--no-color',
    '--summary-mode=disabled',
    '--log-format=raw',
    `--console-output=${WORK}/load.ndjson`,
    '--include-system-env-vars=false',
    ...(ratePerSecond === undefined ? [] : [`--rps=${ratePerSecond}`]),
    '-e',
    `STAMPEDE_PLAN=${WORK}/plan.json`,
    '-e',
    `STAMPEDE_FACTS=${SECRETS}/facts.json`,
  ]
}

function runner(spec: FleetSpec): Yaml {
  const { run, k6Image, memoryMib } = spec
  return {
    image: k6Image,
    metadata: { labels: { [RUN_LABEL]: run } },
    serviceAccountName: run,
    automountServiceAccountToken: 'false',
    securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER, fsGroup: USER, seccompProfile: { type: 'RuntimeDefault' } },
    containerSecurityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    // A generator wants cores of its own; more than one on a node still runs.
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: 'kubernetes.io/hostname',
              labelSelector: { matchLabels: { [RUN_LABEL]: run, runner: 'true' } },
            },
          },
        ],
      },
    },
    resources: { requests: { cpu: '1', memory: `${memoryMib}Mi` }, limits: { memory: `${Math.ceil(memoryMib * 1.5)}Mi` } },
    // The operator's own would kill a generator that is busy for half a minute: k6 answers late when its cores are full.
    livenessProbe: { httpGet: { path: '/v1/status', port: 6_565 }, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 30 },
    env: [
      { name: 'K6_NO_USAGE_REPORT', value: 'true' },
      { name: 'K6_AUTO_EXTENSION_RESOLUTION', value: 'false' },
      { name: 'GOGC', value: '400' },
      { name: 'GOMEMLIMIT', value: `${memoryMib}MiB` },
    ],
    initContainers: [drawsPlan(spec), shipsLines(spec)],
    volumes: [
      { name: 'work', emptyDir: {} },
      { name: 'secrets', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      { name: 'tokens', secret: { secretName: `${run}-tokens`, defaultMode: 0o440 } },
    ],
    volumeMounts: [mount('work', WORK), mount('secrets', SECRETS)],
  }
}

/** The agents' program is mounted at /test by the operator, in init containers too. */
function drawsPlan({ image, planHash, drawWords }: FleetSpec): Yaml {
  return {
    name: 'plan',
    image,
    command: ['node', 'harness/cli.ts', 'draw', ...drawWords],
    env: [
      { name: 'STAMPEDE_EXPECT', value: planHash },
      { name: 'STAMPEDE_PLAN', value: `${WORK}/plan.json` },
      { name: 'STAMPEDE_FACTS_FROM', value: '/test/facts.json' },
      { name: 'STAMPEDE_TOKENS', value: `${TOKENS}/agents.json` },
      { name: 'STAMPEDE_FACTS', value: `${SECRETS}/facts.json` },
    ],
    volumeMounts: [mount('work', WORK), mount('secrets', SECRETS), mount('tokens', TOKENS, true)],
    resources: { requests: { cpu: '100m', memory: '256Mi' } },
  }
}

function shipsLines({ run, image, parallelism, planHash }: FleetSpec): Yaml {
  return {
    name: 'ship',
    image,
    // A native sidecar: it outlives k6, and the pod still ends.
    restartPolicy: 'Always',
    command: ['node', 'harness/fleet/ship.ts'],
    env: [
      { name: 'STAMPEDE_FILE', value: `${WORK}/load.ndjson` },
      { name: 'STAMPEDE_COLLECTOR', value: `http://${run}-collector:${COLLECTOR_PORT}` },
      { name: 'STAMPEDE_TOKEN_FILE', value: `${TOKENS}/collector` },
      { name: 'STAMPEDE_OF', value: String(parallelism) },
      { name: 'STAMPEDE_PLAN_HASH', value: planHash },
    ],
    volumeMounts: [mount('work', WORK, true), mount('tokens', TOKENS, true)],
    resources: { requests: { cpu: '100m', memory: '96Mi' }, limits: { memory: '256Mi' } },
  }
}

function mount(name: string, mountPath: string, readOnly = false): Yaml {
  return { name, mountPath, ...(readOnly && { readOnly }) }
}
