// Three instances behind the balancer, one of which is killed by somebody else in mid-run: the others carry on, and the run says
// which one ended and what the balancer did about it.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Call, HistoryLine } from '../harness/history/event.ts'
import type { Manifest } from '../harness/history/manifest.ts'
import type { SampleLine } from '../harness/history/raw-line.ts'
import { processesOf, processesWith } from '../harness/run/process-table.ts'
import { finish, ROOT, untilShown, Workshop } from './fixtures/cli.ts'

test('all carry calls; one that dies is named, ejected, and the run is judged', async () => {
  using workshop = new Workshop()
  const child = workshop.start('scenario', path.join(ROOT, 'tests/fixtures/scenarios/three-instances.ts'), '--reports', workshop.reports)
  const finished = finish(child)
  await untilShown(child, /stress/)
  const folder = path.join(workshop.reports, 'three-instances/latest')
  const { run } = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest
  const ours = processesOf(run).map(({ pid }) => pid)
  const victims = processesWith('INSTANCE', 'server-2').filter(({ pid }) => ours.includes(pid))
  for (const { pid } of victims) process.kill(pid, 'SIGKILL')
  const { code, stderr } = await finished

  expect([0, 1, 2], stderr).toContain(code)
  const { notes, declared } = JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Manifest
  expect(notes.join('\n')).toMatch(/instance 2 of the server ended by itself in the middle of the run \((SIGKILL|exit 137)\)/)
  expect(notes.join('\n')).toMatch(/the balancer ejected instance 2 at \d+\.\d s \(refused\)/)
  expect(declared.instances).toBe(3)
  expect(readdirSync(path.join(folder, 'raw')).filter((name) => /^server-\d\.log$/.test(name))).toHaveLength(3)
  const lines = readFileSync(path.join(folder, 'history.ndjson'), 'utf8').trim().split('\n')
  const history = lines.map((line) => JSON.parse(line) as HistoryLine)
  const calls = history.filter((line): line is Call => line.kind === 'call')
  expect(new Set(calls.flatMap(({ server }) => server?.instance ?? []))).toEqual(new Set(['1', '2', '3']))
  const last = calls.filter(({ phase, outcome }) => phase === 'recovery' && outcome === 'ok')
  expect(new Set(last.flatMap(({ server }) => server?.instance ?? []))).toEqual(new Set(['1', '3']))
  const readBy = (sampler: string) => {
    const samples = history.filter((line): line is SampleLine => line.kind === 'sample' && line.sampler === sampler)
    return new Set(samples.map(({ instance }) => instance))
  }
  expect(readBy('prometheus')).toEqual(new Set(['1', '2', '3']))
  if (process.platform === 'linux') expect(readBy('accept-queue')).toEqual(new Set(['1', '2', '3', 'proxy', 'balancer']))
})
