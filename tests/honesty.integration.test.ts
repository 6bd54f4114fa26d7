// What must not be called a pass: a fault that nobody felt, a generator that fell behind, a target that shows too little. And
// what stays a fail whatever else went wrong. And that judging again elsewhere says the same.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { agentSpanOf } from '../harness/history/spans.ts'
import { secretsIn } from '../harness/plan/secrets.ts'
import { ROOT, Workshop } from './fixtures/cli.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const fixture = (name: string) => path.join(ROOT, 'tests/fixtures', name)

test('a fault in a dependency that no call needs is unknown, exit 2', async () => {
  const run = await workshop.scenario(fixture('scenarios/short.ts'), '--target', fixture('targets/spare-postgres.ts'))
  expect(run.answer.exitCode, run.why).toBe(2)
  expect(run.statuses['fault-felt']).toBe('unknown')
  expect(run.verdict('fault-felt').says).toMatch(/exposed nobody/)
  expect(Object.values(run.statuses)).not.toContain('fail')
})

test('a planned rate far over the machine is unknown, exit 2', async () => {
  const run = await workshop.scenario(fixture('scenarios/too-much.ts'), '--target', fixture('targets/plain.ts'))
  expect(run.answer.exitCode, run.why).toBe(2)
  expect(run.statuses['load-offered']).toBe('unknown')
})

test('a starved generator is unknown, but a duplicate row found in that same run is a fail', async () => {
  const held = await workshop.scenario(fixture('scenarios/short.ts'), '--starve')
  expect(held.answer.exitCode, held.why).toBe(2)
  expect(held.statuses['load-offered']).toBe('unknown')

  const doubled = await workshop.scenario('duplicate-writes', '--weaken', 'no-idempotency', '--starve')
  expect(doubled.statuses['load-offered']).toBe('unknown')
  expect(doubled.statuses['effects-once']).toBe('fail')
  expect(doubled.answer.exitCode).toBe(1)
  expect(doubled.verdict('effects-once').exhibits[0]).toMatch(/INV\S+.*INV/)

  // A folder is passed on: it holds no token, and what was planted into arguments only where it was drawn.
  expect(doubled.manifest.searched).toMatchObject({ found: 0, tokens: 14 })
  expect(filesWith(doubled.folder, (text) => text.includes('reference-secret-'))).toEqual([])
  expect(filesWith(doubled.folder, (text) => secretsIn(text).length > 0)).toEqual(['plan.json'])
  // The server's spans have come, each call's own among them.
  expect(doubled.manifest.spans).toMatchObject({ oneIn: 1, refused: 0 })
  const parents = new Set(doubled.history.flatMap((line) => (line.kind === 'span' ? [line.parent] : [])))
  const served = doubled.calls.filter((call) => call.class === 'served')
  expect(served.length).toBeGreaterThan(50)
  expect(served.filter((call) => !parents.has(agentSpanOf(call)))).toEqual([])
})

/** Files of a folder, by their paths in it, whose text is such. */
function filesWith(folder: string, such: (text: string) => boolean): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => path.relative(folder, path.join(parentPath, name)))
  return paths.filter((file) => such(readFileSync(path.join(folder, file), 'utf8')))
}

test('a plain server is judged where it can be; the rest says which line to add', async () => {
  const run = await workshop.measured('runaway-loop', '--target', fixture('targets/plain.ts'))
  const { verdicts } = run.verdicts
  expect(run.statuses['pool-bounded']).toBe('not-judged')
  expect(run.verdict('pool-bounded').addLine).toMatch(/poolMax|observe|postgres/)
  for (const verdict of verdicts.filter(({ status }) => status === 'not-judged')) expect(verdict.addLine, verdict.check).toBeTruthy()
  expect(run.statuses.fairness, run.why).toBe('pass')
  // Nothing was refused, so the essential retry-after-valid has seen nothing: not a pass.
  expect(run.statuses['retry-after-valid']).toBe('unknown')
  expect(run.answer.exitCode).toBe(2)
})

test('a copied run is judged and drawn the same elsewhere; damage is said', async () => {
  const run = await workshop.scenario(fixture('scenarios/short.ts'))
  const elsewhere = mkdtempSync(path.join(os.tmpdir(), 'stampede-copy-'))
  cpSync(run.folder, elsewhere, { recursive: true })
  const [page, verdicts] = [run.read('report.html'), run.read('verdicts.json')]
  for (const name of ['report.html', 'verdicts.json', 'history.ndjson', 'junit.xml', 'summary.md']) rmSync(path.join(elsewhere, name))

  expect((await workshop.cli('judge', elsewhere)).code).toBe(run.answer.exitCode)
  expect((await workshop.cli('report', elsewhere)).code).toBe(run.answer.exitCode)
  expect(readFileSync(path.join(elsewhere, 'verdicts.json'), 'utf8')).toBe(verdicts)
  expect(readFileSync(path.join(elsewhere, 'report.html'), 'utf8')).toBe(page)

  const load = path.join(elsewhere, 'raw/load.ndjson')
  truncateSync(load, Math.floor(readFileSync(load).length * 0.8) + 7)
  const cut = await workshop.cli('report', elsewhere)
  expect(cut.code).toBe(2)
  expect(readFileSync(path.join(elsewhere, 'report.html'), 'utf8')).toMatch(/cut|middle of a line/)

  const manifest = path.join(elsewhere, 'manifest.json')
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(/"schemaVersion": \d+/, '"schemaVersion": 99'))
  const later = await workshop.cli('judge', elsewhere)
  expect(later.code).toBe(254)
  expect(later.stderr).toMatch(/HISTORY_VERSION.*99/s)
  rmSync(elsewhere, { recursive: true })
})
