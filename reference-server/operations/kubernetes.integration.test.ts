// The Kubernetes manifests: every field is one of the published types, by their own decoder (tools/kubernetes-check, Go), and they
// agree with the server and with each other.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { connectionsMax, settingsFrom } from '../config.ts'

const FOLDER = path.join(import.meta.dirname, 'kubernetes')
const files = readdirSync(FOLDER).map((name) => path.join(FOLDER, name))
const folder = mkdtempSync(path.join(os.tmpdir(), 'kubernetes-check-'))
const program = path.join(folder, 'check')

interface Probe {
  httpGet: { path: string; port: string }
}
interface Container {
  env: { name: string; value?: string }[]
  ports: { name: string; containerPort: number }[]
  readinessProbe: Probe
  livenessProbe: Probe
  resources: { requests: Record<string, string>; limits: Record<string, string> }
}
const manifest = (name: string) => parse(readFileSync(path.join(FOLDER, `${name}.yaml`), 'utf8'))
const deployment = manifest('deployment') as {
  spec: { replicas: number; template: { spec: { terminationGracePeriodSeconds: number; containers: [Container] } } }
}
const pod = deployment.spec.template.spec
const [container] = pod.containers

beforeAll(() => {
  const environment = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' }
  // What is only asked to decode four files needs no optimising: half the time.
  const flags = ['-trimpath', '-gcflags=k8s.io/...=-N -l', '-ldflags=-s -w']
  const cwd = path.join(import.meta.dirname, '../../tools/kubernetes-check')
  execFileSync('go', ['build', ...flags, '-o', program, '.'], { cwd, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
}, 240_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the published types', () => {
  test('take every manifest', () => {
    expect(execFileSync(program, files, { encoding: 'utf8' }).trim().split('\n').toSorted()).toEqual([
      'apps/v1 Deployment ledger-desk',
      'autoscaling/v2 HorizontalPodAutoscaler ledger-desk',
      'policy/v1 PodDisruptionBudget ledger-desk',
      'v1 Service ledger-desk',
    ])
  })

  test.each([
    ['a field that does not exist', 'minAvailable: 2', 'minAvailabel: 2', 'unknown field "minAvailabel"'],
    ['a field said twice', 'minAvailable: 2', 'minAvailable: 2\n  minAvailable: 3', 'already set'],
    ['a wrong type', 'minAvailable: 2', 'selector: 2', 'selector'],
    ['an unknown kind', 'PodDisruptionBudget', 'PodDisruption', 'no type is known'],
  ])('refuse %s', (_, from, to, why) => {
    const file = path.join(folder, 'wrong.yaml')
    writeFileSync(file, readFileSync(path.join(FOLDER, 'disruption-budget.yaml'), 'utf8').replace(from, to))
    const { status, stderr } = spawnSync(program, [file], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, expect.stringContaining(why)])
  })
})

describe('the deployment', () => {
  const given = Object.fromEntries(container.env.map(({ name, value }) => [name, value]))
  const database = 'postgres://app@postgres/desk'
  const settings = settingsFrom({
    ...given,
    DATABASE_URL: database,
    DATABASE_ADMIN_URL: database,
    REDIS_URL: 'redis://redis',
    INSTANCE: 'a',
  })

  test('gives the server settings that it accepts, and time to drain', () => {
    expect(settings.HOST).toBe('0.0.0.0')
    const drainS = (settings.DRAIN_DELAY_MS + settings.DRAIN_GRACE_MS) / 1_000
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drainS + 5)
    expect(settings.DRAIN_GRACE_MS).toBeGreaterThan(settings.DEADLINE_LONGEST_MS)
  })

  test('probes what the admin port serves: liveness is its own state alone', () => {
    expect([container.livenessProbe.httpGet.path, container.readinessProbe.httpGet.path]).toEqual(['/livez', '/readyz'])
    expect(container.ports).toEqual([
      { name: 'mcp', containerPort: settings.PORT },
      { name: 'admin', containerPort: settings.ADMIN_PORT },
    ])
    expect([container.livenessProbe.httpGet.port, container.readinessProbe.httpGet.port]).toEqual(['admin', 'admin'])
  })

  test('as many instances as the autoscaler may start leave a Postgres of 120 connections its fifth', () => {
    const { spec } = manifest('autoscaler') as { spec: { minReplicas: number; maxReplicas: number; scaleTargetRef: { name: string } } }
    expect([settings.INSTANCES, deployment.spec.replicas, spec.scaleTargetRef.name]).toEqual([
      spec.maxReplicas,
      spec.minReplicas,
      'ledger-desk',
    ])
    expect(connectionsMax(settings) * spec.maxReplicas).toBeLessThanOrEqual(0.8 * (120 - 3))
    const budget = manifest('disruption-budget') as { spec: { minAvailable: number } }
    expect(budget.spec.minAvailable).toBeLessThan(spec.minReplicas)
  })
})
