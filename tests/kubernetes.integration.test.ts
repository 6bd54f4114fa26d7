// A scenario from a cluster in one go, against a stand-in of Kubernetes and of k6-operator (tests/fixtures/kubernetes): the exact commands of
// the pods run as processes. What is left afterwards is nothing, also when the harness is stopped or killed in the middle.
import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FaultLine, HeaderLine } from '../harness/history/event.ts'
import { processesWith } from '../harness/run/process-table.ts'
import { ensureK6 } from '../setup.mjs'
import { finish, ROOT, ScenarioRun, Workshop } from './fixtures/cli.ts'
import { Store } from './fixtures/kubernetes/store.ts'

const workshop = new Workshop()
const cluster = path.join(workshop.folder, 'cluster')
const env = { STAND_IN_CLUSTER: cluster, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` }
const WORDS = [
  ...['scenario', path.join(ROOT, 'tests/fixtures/scenarios/in-cluster.ts'), '--target', path.join(ROOT, 'tests/fixtures/targets/pods.ts')],
  ...['--kubernetes', 'stand-in', '--kubectl', path.join(ROOT, 'tests/fixtures/kubernetes/kubectl.ts'), '--reports', workshop.reports],
]
const GONE = { timeout: 30_000, interval: 100 }
let operator: ChildProcess

beforeAll(async () => {
  operator = spawn(process.execPath, [path.join(ROOT, 'tests/fixtures/kubernetes/operator.ts')], {
    env: { ...process.env, ...env, TMPDIR: workshop.temporary, STAND_IN_K6: await ensureK6() },
    stdio: 'ignore',
  })
})

afterAll(async () => {
  operator.kill('SIGTERM')
  await finish(operator)
  workshop[Symbol.dispose]()
})

const start = (...words: string[]) => workshop.startAt({ cli: path.join(ROOT, 'harness/cli.ts'), ...env }, ...WORDS, ...words)
const objects = () => new Store(cluster).list().map(({ kind, metadata }) => `${kind} ${metadata.name}`)
const podProcesses = () => processesWith('TMPDIR', workshop.temporary).filter(({ command }) => /k6|ship\.ts|collect /.test(command))

test('three pods send one plan, faults begin with them, all lines come home, and nothing is left', async () => {
  const done = await finish(start('--parallelism', '3', '--json'))
  expect([0, 1, 2], done.stderr).toContain(done.code)
  const run = new ScenarioRun(done, JSON.parse(done.stdout.trimEnd().split('\n').at(-1) ?? ''))
  expect(run.countsThatDisagree()).toEqual([])
  const { fleet = [], notes, t0Ms = 0 } = run.history[0] as HeaderLine
  expect(fleet.map(({ part, state, agents, starts }) => [part, state, agents, starts])).toEqual(
    [1, 2, 3].map((part) => [part, 'ended', part === 3 ? 3 : 4, 1]),
  )
  for (const { laterMs, uncertaintyMs = Number.NaN } of fleet) {
    expect(laterMs).toBeLessThan(1_000)
    expect(uncertaintyMs).toBeLessThan(1_000)
  }
  expect(notes.filter((note) => !/began \d+ ms after|is uncertain by/.test(note))).toEqual([])
  expect(run.manifest).toMatchObject({ driver: 'k6-operator', generators: 3, state: 'complete' })
  expect(new Set(run.calls.map(({ agent }) => agent)).size).toBe(11)
  const injected = run.history.find((line): line is FaultLine => line.kind === 'fault' && line.event === 'injected')
  expect(injected?.atMs).toBeGreaterThanOrEqual(3_000)
  expect(injected?.atMs).toBeLessThan(4_500)
  expect(Math.abs(t0Ms - (run.manifest.t0Ms ?? 0))).toBeLessThan(50)
  expect(run.finished.stderr).not.toContain('secret-of-')
  await expect.poll(objects, GONE).toEqual([])
  await expect.poll(podProcesses, GONE).toEqual([])
}, 120_000)

test('what is no cluster’s business is refused before anything is made', async () => {
  const plain = path.join(ROOT, 'tests/fixtures/targets/plain.ts')
  const refused = await workshop.cli('export', 'kubernetes', path.join(ROOT, 'tests/fixtures/scenarios/in-cluster.ts'), '--target', plain)
  expect([refused.code, refused.stderr]).toEqual([254, expect.stringMatching(/UNKNOWN_FAULT|TARGET_NOT_IN_CLUSTER/)])
  const alone = await workshop.cli('scenario', 'runaway-loop', '--parallelism', '3')
  expect([alone.code, alone.stderr]).toEqual([254, expect.stringContaining('--generators')])
})
