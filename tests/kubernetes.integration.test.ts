// A scenario from a cluster in one go, against a stand-in of Kubernetes and of k6-operator (tests/fixtures/kubernetes): the exact commands
// of the pods run as processes. What is left afterwards is nothing; tests/long/kubernetes.ts stops and kills the harness in the middle.
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { HeaderLine } from '../harness/history/event.ts'
import type { FaultLine } from '../harness/history/raw-line.ts'
import { ensureK6 } from '../setup.mjs'
import { ROOT } from './fixtures/cli.ts'
import { Cluster } from './fixtures/kubernetes/cluster.ts'

let cluster: Cluster

beforeEach(async () => {
  cluster = new Cluster({}, await ensureK6())
})

afterEach(() => cluster[Symbol.asyncDispose]())

test('three pods send one plan, faults begin with them, all lines come home, and nothing is left', async () => {
  const run = await cluster.scenario('--parallelism', '3')
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
  await cluster.gone()
}, 120_000)

test('what is no cluster’s business is refused before anything is made', async () => {
  const plain = path.join(ROOT, 'tests/fixtures/targets/plain.ts')
  const refused = await cluster.workshop.cli('export', 'kubernetes', 'runaway-loop', '--target', plain)
  expect([refused.code, refused.stderr]).toEqual([254, expect.stringContaining('TARGET_NOT_IN_CLUSTER')])
  const alone = await cluster.workshop.cli('scenario', 'runaway-loop', '--parallelism', '3')
  expect([alone.code, alone.stderr]).toEqual([254, expect.stringContaining('--generators')])
})
