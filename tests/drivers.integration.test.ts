// Which driver sends the load, as a user meets it: chosen by name and never silently, named in what is left; several generators for one
// plan; and a generator that is killed in the middle.
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { processesWith } from '../harness/run/process-table.ts'
import { finish, ROOT, ScenarioRun, untilShown, Workshop } from './fixtures/cli.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const short = path.join(ROOT, 'tests/fixtures/scenarios/short.ts')

test('without k6 the other driver is offered, and not taken', async () => {
  const { code, stderr } = await workshop.cli('scenario', short, '--k6', '/nowhere/k6', '--reports', workshop.reports)
  expect([code, stderr]).toEqual([254, expect.stringMatching(/K6_NOT_FOUND[\s\S]*--driver undici/)])
})

test('two of the undici driver share a plan in the era of sessions; every call is counted alike by all, and k6 is not needed', async () => {
  const words = ['--driver', 'undici', '--generators', '2', '--protocol', '2025-11-25', '--k6', '/nowhere/k6']
  const run = await workshop.scenario(short, ...words)
  expect(run.manifest).toMatchObject({ driver: 'undici', generators: 2, protocol: '2025-11-25' })
  expect(run.manifest.versions).not.toHaveProperty('k6')
  expect(run.read('report.html')).toContain('undici')
  expect(run.calls.filter(({ tool }) => tool === 'initialize')).toHaveLength(4)
})

test('k6 killed in the middle: the run is unknown, and says what ended', async () => {
  const child = workshop.start('scenario', short, '--json', '--reports', workshop.reports)
  const finished = finish(child)
  await untilShown(child, /stress/)
  for (const { pid, command } of processesWith('TMPDIR', workshop.temporary)) if (/k6[^ ]* run /.test(command)) process.kill(pid, 'SIGKILL')
  const done = await finished
  const run = new ScenarioRun(done, JSON.parse(done.stdout.trimEnd().split('\n').at(-1) ?? ''))
  expect(run.answer.exitCode, run.why).toBe(2)
  expect(run.verdict('load-offered').says).toMatch(/has no end|never started/)
  expect(run.manifest.notes.join('\n')).toMatch(/load generator \(k6\) ended in the middle of the run, killed/)
})
