// What must not be called a pass: a fault that nobody felt, a generator that fell behind, a target that shows too little. And
// what stays a fail whatever else went wrong. And that judging again elsewhere says the same.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { agentSpanOf } from '../harness/history/spans.ts'
import { secretsIn } from '../harness/plan/secrets.ts'
import { ROOT, Workshop } from './fixtures/cli.ts'
import { unpackSample } from './fixtures/sample-run.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const fixture = (name: string) => path.join(ROOT, 'tests/fixtures', name)
const short = fixture('scenarios/short.ts')

/** Where calls leave late on purpose, or nothing is measured: these may share the cores. */
describe('side by side', () => {
  test.concurrent('a fault in a dependency that no call needs is unknown, exit 2', async () => {
    const run = await workshop.scenario(short, '--target', fixture('targets/spare-postgres.ts'))
    expect(run.answer.exitCode, run.why).toBe(2)
    expect(run.statuses['fault-felt']).toBe('unknown')
    expect(run.verdict('fault-felt').says).toMatch(/exposed nobody/)
    expect(Object.values(run.statuses)).not.toContain('fail')
  })

  test.concurrent('a starved generator is unknown; a copy of that run is judged and drawn the same elsewhere', async () => {
    const run = await workshop.scenario(short, '--starve')
    expect(run.answer.exitCode, run.why).toBe(2)
    expect(run.statuses['load-offered']).toBe('unknown')

    using elsewhere = new Workshop()
    const copy = path.join(elsewhere.folder, 'copy')
    cpSync(run.folder, copy, { recursive: true })
    for (const name of ['report.html', 'verdicts.json', 'history.ndjson', 'junit.xml', 'summary.md']) rmSync(path.join(copy, name))
    expect((await workshop.cli('judge', copy)).code).toBe(2)
    expect((await workshop.cli('report', copy)).code).toBe(2)
    for (const name of ['report.html', 'verdicts.json']) expect(readFileSync(path.join(copy, name), 'utf8'), name).toBe(run.read(name))
  })

  test.concurrent('a starved generator is unknown, but a duplicate row found in that same run is a fail', async () => {
    const run = await workshop.scenario('duplicate-writes', '--weaken', 'no-idempotency', '--starve')
    expect(run.statuses['load-offered']).toBe('unknown')
    expect(run.statuses['effects-once']).toBe('fail')
    expect(run.answer.exitCode).toBe(1)
    expect(run.verdict('effects-once').exhibits[0]).toMatch(/INV\S+.*INV/)

    // A folder is passed on: it holds no token, and what was planted into arguments only where it was drawn.
    expect(run.manifest.searched).toMatchObject({ found: 0, tokens: 14 })
    expect(filesWith(run.folder, (text) => text.includes('reference-secret-'))).toEqual([])
    expect(filesWith(run.folder, (text) => secretsIn(text).length > 0)).toEqual(['plan.json'])
    // The server's spans have come, each call's own among them.
    expect(run.manifest.spans).toMatchObject({ oneIn: 1, refused: 0 })
    const parents = new Set(run.history.flatMap((line) => (line.kind === 'span' ? [line.parent] : [])))
    const served = run.calls.filter((call) => call.class === 'served')
    expect(served.length).toBeGreaterThan(50)
    expect(served.filter((call) => !parents.has(agentSpanOf(call)))).toEqual([])
  })
})

test('a planned rate far over the machine is unknown, exit 2', async () => {
  const run = await workshop.scenario(fixture('scenarios/too-much.ts'), '--target', fixture('targets/plain.ts'))
  expect(run.answer.exitCode, run.why).toBe(2)
  expect(run.statuses['load-offered']).toBe('unknown')
})

/** Files of a folder, by their paths in it, whose text is such. */
function filesWith(folder: string, such: (text: string) => boolean): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
  return paths.filter((file) => such(readFileSync(path.join(folder, file), 'utf8')))
}

test('a plain server is judged where it can be; the rest says which line to add', async () => {
  const run = await workshop.scenario('runaway-loop', '--target', fixture('targets/plain.ts'))
  const { verdicts } = run.verdicts
  expect(run.statuses['pool-bounded']).toBe('not-judged')
  expect(run.verdict('pool-bounded').addLine).toMatch(/poolMax|observe|postgres/)
  for (const verdict of verdicts.filter(({ status }) => status === 'not-judged')) expect(verdict.addLine, verdict.check).toBeTruthy()
  expect(run.statuses.fairness, run.why).toBe('pass')
  // It has no limiter and promises none: that nothing was refused is no pass, and is said where everybody reads it.
  expect(run.statuses['retry-after-valid']).toBe('not-judged')
  expect(run.verdict('retry-after-valid').addLine).toMatch(/^declared: \{ perAgent/)
  expect(run.verdicts, run.why).toMatchObject({ exitCode: 0, headline: expect.stringContaining('no limit was met') })
})

test('a run that held is unknown once its load file is cut, and not judged at all from another version; both are said', async () => {
  const folder = mkdtempSync(path.join(workshop.folder, 'held-'))
  unpackSample('held', folder)
  expect((await workshop.cli('judge', folder)).code).toBe(0)

  const load = path.join(folder, 'raw/load.ndjson')
  truncateSync(load, Math.floor(readFileSync(load).length * 0.8) + 7)
  expect((await workshop.cli('report', folder)).code).toBe(2)
  expect(readFileSync(path.join(folder, 'report.html'), 'utf8')).toMatch(/raw\/load\.ndjson is cut in the middle of line \d+/)

  const manifest = path.join(folder, 'manifest.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"schemaVersion": \d+/, '"schemaVersion": 99'))
  const later = await workshop.cli('judge', folder)
  expect(later.code).toBe(254)
  expect(later.stderr).toMatch(/HISTORY_VERSION.*99/s)
})
