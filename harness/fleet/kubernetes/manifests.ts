// All objects of one fleet, as the files of a kustomization. Pure: the same spec gives the same bytes.
//
// The collector is a Job with a deadline and a time to live after it: when it goes, what names it as its owner goes too (the TestRun, and
// by that the jobs that the operator has made). Pods have a service account without any right and without its token. Whoever applies
// this needs the rights in the Role, and no more.
import { COLLECTOR_PORT, type FleetSpec, KINDS, RUN_LABEL } from './fleet-spec.ts'
import { metadataOf, testRun } from './test-run.ts'
import { type Yaml, yamlText } from './yaml.ts'

/** Kept so long after its end: somebody may still want to fetch. */
const KEPT_S = 300

export interface Tokens {
  /** JSON: each agent's headers and credentials, by its index. */
  agents: string
  collector: string
}

/** Who owns an object: with it, Kubernetes removes it. */
export interface Owner {
  name: string
  uid: string
}

/** Files by name. @param tokens only when their values are wanted in a file */
export function kustomization(spec: FleetSpec, tokens?: Tokens): Record<string, string> {
  const files = ['rbac.yaml', 'configmap.yaml', ...(tokens ? ['secret.yaml'] : []), 'collector.yaml', 'testrun.yaml']
  return {
    'kustomization.yaml': yamlText({ apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', resources: files }, [
      `${spec.parallelism} generators, ${spec.agents} agents, plan ${spec.planHash.slice(0, 12)}…`,
      ...howTo(spec, tokens !== undefined),
    ]),
    'rbac.yaml': [serviceAccount(spec), role(spec)].map((one) => yamlText(one)).join('---\n'),
    'configmap.yaml': yamlText(configMap(spec), ["The agents' program, and what they must know beside the plan. No tokens."]),
    ...(tokens && { 'secret.yaml': yamlText(secret(spec, tokens), ['Tokens, in clear: do not commit this file.']) }),
    'collector.yaml': [collectorJob(spec), collectorService(spec)].map((one) => yamlText(one)).join('---\n'),
    'testrun.yaml': yamlText(testRun(spec)),
  }
}

/** The same objects as one list, all but the collector's Job owned by it. */
export function objectsOf(spec: FleetSpec, tokens: Tokens, owner: Owner): Yaml[] {
  const all = [serviceAccount(spec), configMap(spec), secret(spec, tokens), collectorService(spec), testRun(spec)]
  const reference = { apiVersion: 'batch/v1', kind: 'Job', name: owner.name, uid: owner.uid }
  return all.map((one) => {
    const { metadata, ...rest } = one as { metadata: { [key: string]: Yaml } }
    return { ...rest, metadata: { ...metadata, ownerReferences: [reference] } }
  })
}

function howTo({ run, namespace }: FleetSpec, withTokens: boolean): string[] {
  const where = namespace === undefined ? '' : ` -n ${namespace}`
  const secretFirst = [
    `first  kubectl${where} create secret generic ${run}-tokens --from-literal=collector=$(openssl rand -hex 32) --from-file=agents.json`,
    `       kubectl${where} label secret ${run}-tokens ${RUN_LABEL}=${run}`,
    '       agents.json: a list with { "headers": { … } } for each agent, by its place in the plan; [] when they send none',
  ]
  return [
    ...(withTokens ? [] : secretFirst),
    `apply  kubectl${where} apply --server-side -k .`,
    `look   kubectl${where} get testruns.k6.io,jobs,pods -l ${RUN_LABEL}=${run}`,
    `fetch  kubectl${where} cp $(kubectl${where} get pod -l job-name=${run}-collector -o name | cut -d/ -f2):/data ./collected`,
    `       npm run merge -- <the run's folder> ./collected`,
    `remove kubectl${where} delete ${KINDS.join(',')} -l ${RUN_LABEL}=${run}`,
  ]
}

function serviceAccount(spec: FleetSpec): Yaml {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadataOf(spec, spec.run), automountServiceAccountToken: false }
}

/** For whoever applies this; bound to nobody. */
function role(spec: FleetSpec): Yaml {
  const verbs = ['get', 'list', 'create', 'patch', 'delete', 'deletecollection']
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: metadataOf(spec, `${spec.run}-runner`),
    rules: [
      { apiGroups: ['k6.io'], resources: ['testruns'], verbs },
      { apiGroups: ['batch'], resources: ['jobs'], verbs },
      { apiGroups: [''], resources: ['configmaps', 'secrets', 'services', 'serviceaccounts'], verbs },
      { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['pods/portforward'], verbs: ['create'] },
    ],
  }
}

function configMap(spec: FleetSpec): Yaml {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadataOf(spec, spec.run),
    data: { 'facts.json': spec.facts, 'load.js': spec.bundle },
  }
}

function secret(spec: FleetSpec, { agents, collector }: Tokens): Yaml {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadataOf(spec, `${spec.run}-tokens`),
    type: 'Opaque',
    stringData: { 'agents.json': agents, collector },
  }
}

export function collectorJob(spec: FleetSpec): Yaml {
  const { run, image, parallelism, ttlS } = spec
  const name = `${run}-collector`
  const labels = { [RUN_LABEL]: run, 'stampede.part': 'collector' }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(spec, name),
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: ttlS,
      ttlSecondsAfterFinished: KEPT_S,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'OnFailure',
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, runAsUser: 1_000, fsGroup: 1_000, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'collector',
              image,
              command: [
                ...['node', 'harness/cli.ts', 'collect', '/data', '--parts', String(parallelism), '--token-file', '/tokens/collector'],
                ...['--host', '0.0.0.0', '--port', String(COLLECTOR_PORT), '--stays', '--until-s', String(ttlS)],
              ],
              ports: [{ name: 'collector', containerPort: COLLECTOR_PORT }],
              readinessProbe: { tcpSocket: { port: 'collector' }, periodSeconds: 1 },
              securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              resources: { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '1Gi' } },
              volumeMounts: [
                { name: 'data', mountPath: '/data' },
                { name: 'tokens', mountPath: '/tokens', readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: 'data', emptyDir: {} },
            {
              name: 'tokens',
              secret: { secretName: `${run}-tokens`, defaultMode: 0o440, items: [{ key: 'collector', path: 'collector' }] },
            },
          ],
        },
      },
    },
  }
}

function collectorService(spec: FleetSpec): Yaml {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(spec, `${spec.run}-collector`),
    spec: {
      selector: { [RUN_LABEL]: spec.run, 'stampede.part': 'collector' },
      ports: [{ name: 'collector', port: COLLECTOR_PORT, targetPort: 'collector' }],
    },
  }
}
