// The manifests against a real API server: etcd and kube-apiserver, built from the Go module proxy (20
// minutes of two cores the first time). Every object is accepted with strict validation, the second time
// nothing changes, a field that does not exist is refused, the stand-in's label removes all; and, with a
// kubectl in PATH, `kubectl diff` is empty. No kubelet, no controllers, no operator: nothing is run there.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parse, parseAllDocuments } from 'yaml'
import { freePort } from '../../harness/environment/free-port.ts'
import { finish, ROOT, Workshop } from '../fixtures/cli.ts'

const MODULE = path.join(ROOT, 'tools/kubernetes-api')
const VERSION = '1.34.1'
const BUILD_MS = 60 * 60_000
const READY_MS = 120_000
const TOKEN = 'a-token-of-the-test'

interface Answer {
  status: number
  body: { kind?: string; message?: string; metadata?: { resourceVersion?: string }; items?: unknown[] }
}

export async function run(): Promise<string[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-api-'))
  const children: ChildProcess[] = []
  try {
    const api = await Api.start(folder, children)
    const said = [`kube-apiserver ${await api.version()}, etcd from the Go module proxy`]
    await api.apply(parse(readFileSync(path.join(ROOT, 'harness/fleet/kubernetes/testrun-crd.yaml'), 'utf8'), { merge: true }))
    const files = await exported(path.join(folder, 'manifests'))
    const objects = files.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Manifest))
    await until(async () => (await api.apply(objects.find(({ kind }) => kind === 'TestRun') as Manifest)).status < 300)
    const first = await Promise.all(objects.map((one) => api.apply(one)))
    for (const [n, { status, body }] of first.entries())
      if (status >= 300) throw new Error(`${objects[n]?.kind}: ${status} ${body.message}`)
    said.push(`${objects.length} objects accepted with strict validation: ${objects.map(({ kind }) => kind).join(', ')}`)
    const again = await Promise.all(objects.map((one) => api.apply(one)))
    const changed = again.filter(({ body }, n) => body.metadata?.resourceVersion !== first[n]?.body.metadata?.resourceVersion)
    if (changed.length > 0) throw new Error(`${changed.length} objects changed when applied a second time`)
    said.push('applied again, no object changed')
    for (const wrong of wrongs(objects)) {
      const { status, body } = await api.apply(wrong)
      if (status < 300) throw new Error(`a ${wrong.kind} with a field that does not exist was accepted`)
      said.push(`refused, ${status}: ${body.message?.slice(0, 120)}`)
    }
    said.push(kubectlDiff(folder, api.url))
    await api.removeAll(objects)
    said.push('removed by the label, nothing left')
    return said
  } finally {
    for (const child of children.toReversed()) {
      child.kill('SIGTERM')
      if (child.exitCode === null && child.signalCode === null) await Promise.race([once(child, 'close'), wait(10_000)])
      child.kill('SIGKILL')
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Manifest {
  apiVersion: string
  kind: string
  metadata: { name: string; labels?: Record<string, string> }
  [key: string]: unknown
}

async function exported(folder: string): Promise<string[]> {
  using workshop = new Workshop()
  const scenario = path.join(ROOT, 'tests/fixtures/scenarios/short.ts')
  const words = [
    '--target',
    path.join(ROOT, 'tests/fixtures/targets/in-cluster.ts'),
    '--parallelism',
    '2',
    '--into',
    folder,
    '--with-tokens',
  ]
  const { code, stderr } = await finish(workshop.start('export', 'kubernetes', scenario, ...words))
  if (code !== 0) throw new Error(stderr)
  const { resources } = parse(readFileSync(path.join(folder, 'kustomization.yaml'), 'utf8')) as { resources: string[] }
  return resources.map((name) => readFileSync(path.join(folder, name), 'utf8'))
}

function wrongs(objects: readonly Manifest[]): Manifest[] {
  return objects
    .filter(({ kind }) => kind === 'TestRun' || kind === 'Job')
    .map((one) => ({ ...one, spec: { ...(one.spec as object), paralelism: 3 } }))
}

/** Where the machine has one: what a user would type. */
function kubectlDiff(folder: string, server: string): string {
  const config = path.join(folder, 'kubeconfig')
  const cluster = { server, 'insecure-skip-tls-verify': true }
  const context = { cluster: 'here', user: 'us', namespace: 'default' }
  const whole = {
    clusters: [{ name: 'here', cluster }],
    users: [{ name: 'us', user: { token: TOKEN } }],
    contexts: [{ name: 'here', context }],
  }
  writeFileSync(config, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'here', ...whole }))
  const kubectl = (...words: string[]) =>
    execFileSync('kubectl', ['--kubeconfig', config, ...words], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    kubectl('version', '--client')
  } catch {
    return 'kubectl diff: not tried, there is no kubectl in PATH'
  }
  kubectl('apply', '--server-side', '--force-conflicts', '-k', path.join(folder, 'manifests'))
  // Exit code 1, and so an exception, when there is a difference.
  kubectl('diff', '--server-side', '--force-conflicts', '-k', path.join(folder, 'manifests'))
  return 'kubectl diff -k: clean'
}

class Api {
  readonly url: string

  private constructor(url: string) {
    this.url = url
  }

  static async start(folder: string, children: ChildProcess[]): Promise<Api> {
    const [major = '', minor = ''] = VERSION.split('.')
    const values = [`v${VERSION}`, major, minor]
    const stamps = ['gitVersion', 'gitMajor', 'gitMinor'].map((name, n) => `-X k8s.io/component-base/version.${name}=${values[n]}`)
    const etcd = build('etcd', 'go.etcd.io/etcd/server/v3', [])
    const apiserver = build('kube-apiserver', 'k8s.io/kubernetes/cmd/kube-apiserver', stamps)
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const key = path.join(folder, 'service-accounts.pem')
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
    writeFileSync(path.join(folder, 'tokens.csv'), `${TOKEN},admin,1,system:masters\n`, { mode: 0o600 })
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()].map((one) => `127.0.0.1:${one}`)
    const begin = (program: string, ...words: string[]) => children.push(spawn(program, words, { cwd: folder, stdio: 'ignore' }))
    begin(
      etcd,
      ...[
        '--data-dir',
        path.join(folder, 'etcd'),
        '--listen-client-urls',
        `http://${client}`,
        '--advertise-client-urls',
        `http://${client}`,
      ],
      ...[
        '--listen-peer-urls',
        `http://${peer}`,
        '--initial-advertise-peer-urls',
        `http://${peer}`,
        '--initial-cluster',
        `default=http://${peer}`,
      ],
    )
    begin(
      apiserver,
      ...[`--etcd-servers=http://${client}`, `--cert-dir=${folder}`, '--bind-address=127.0.0.1', `--secure-port=${port?.split(':')[1]}`],
      ...['--service-cluster-ip-range=10.0.0.0/24', '--service-account-issuer=https://stampede.test', `--service-account-key-file=${key}`],
      ...[`--service-account-signing-key-file=${key}`, '--authorization-mode=RBAC', `--token-auth-file=${path.join(folder, 'tokens.csv')}`],
      '--disable-admission-plugins=ServiceAccount',
    )
    const api = new Api(`https://${port}`)
    await until(async () => (await api.ask('GET', '/readyz')).status === 200)
    return api
  }

  async version(): Promise<string> {
    return (await this.ask('GET', '/version')).body.gitVersion as string
  }

  /** As `kubectl apply --server-side` does it. */
  async apply(object: Manifest): Promise<Answer> {
    const place = `${this.#place(object)}/${object.metadata.name}?fieldManager=kubectl&force=true&fieldValidation=Strict`
    return (await this.ask('PATCH', place, JSON.stringify(object), 'application/apply-patch+yaml')) as Answer
  }

  async removeAll(objects: readonly Manifest[]): Promise<void> {
    for (const object of objects) {
      const [name, value] = Object.entries(object.metadata.labels ?? {})[0] ?? []
      const selected = `${this.#place(object)}?labelSelector=${name}%3D${value}`
      await this.ask('DELETE', selected)
      const { body } = await this.ask('GET', selected)
      // Without a garbage collector a Job waits for its pods to be orphaned; it is marked.
      const left = (body.items as { metadata: { deletionTimestamp?: string } }[]).filter(
        ({ metadata }) => metadata.deletionTimestamp === undefined,
      )
      if (left.length > 0) throw new Error(`${left.length} of ${object.kind} are left`)
    }
  }

  #place({ apiVersion, kind }: Manifest): string {
    const plural = `${kind.toLowerCase()}s`
    if (kind === 'CustomResourceDefinition') return `/apis/${apiVersion}/${plural}`
    return `${apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`}/namespaces/default/${plural}`
  }

  async ask(
    method: string,
    place: string,
    body = '',
    type = 'application/json',
  ): Promise<{ status: number; body: Record<string, unknown> }> {
    return await new Promise((resolve) => {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type }
      // Its certificate is its own, made just now.
      const asked = request(`${this.url}${place}`, { method, headers, rejectUnauthorized: false, timeout: 10_000 }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text.startsWith('{') ? JSON.parse(text) : {} }))
      })
      asked
        .on('timeout', () => asked.destroy())
        .on('error', () => resolve({ status: 0, body: {} }))
        .end(body)
    })
  }
}

/** Kept in .tools, which git ignores. */
function build(name: string, what: string, stamps: string[]): string {
  const program = path.join(ROOT, '.tools', name === 'etcd' ? name : `${name}-${VERSION}`)
  if (existsSync(program)) return program
  mkdirSync(path.dirname(program), { recursive: true })
  process.stderr.write(`building ${name} (once; minutes)\n`)
  const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' }
  const flags = ['-trimpath', '-ldflags', ['-s -w', ...stamps].join(' ')]
  execFileSync('go', ['build', ...flags, '-o', program, what], {
    cwd: MODULE,
    env,
    timeout: BUILD_MS,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  return program
}

async function until(look: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + READY_MS
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`it was not ready within ${READY_MS / 1_000} s`)
    await wait(250)
  }
}
