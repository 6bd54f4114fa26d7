// What leaves this machine, proved by counting: runs in a network namespace whose only way out is an interface that counts,
// against a server that is not on loopback and writes down what reaches it. Wants Linux, root and the programs ip and unshare.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fullest } from '../harness/plan/at-most.ts'
import { type Finished, finish, ROOT, Workshop } from './fixtures/cli.ts'
import type { Counted } from './fixtures/servers/counting.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const SCRIPT = path.join(ROOT, 'tests/fixtures/namespace.sh')
const TARGET = path.join(ROOT, 'tests/fixtures/targets/counting.ts')
const CAPPED = path.join(ROOT, 'tests/fixtures/scenarios/capped.ts')
const OWN = '10.99.0.1'
const CAP = 20

beforeAll(() => {
  try {
    execFileSync('unshare', ['-n', SCRIPT, 'true'], { stdio: 'pipe' })
  } catch (error) {
    throw new Error(`this test makes a network namespace with an interface: Linux, root, ip and unshare (apt install iproute2): ${error}`)
  }
})

interface Isolated extends Finished {
  /** By the interface that leads out. */
  packets: number
  json?: { status: string; folder: string }
}

async function isolated(env: NodeJS.ProcessEnv, ...words: string[]): Promise<Isolated> {
  const child = spawn('unshare', ['-n', SCRIPT, process.execPath, path.join(ROOT, 'harness/cli.ts'), ...words], {
    cwd: ROOT,
    env: { ...process.env, TMPDIR: workshop.temporary, NO_COLOR: '1', COUNTING_HOST: OWN, THIEF_HOST: '10.99.0.2', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const finished = await finish(child)
  const packets = Number(/packets out: (\d+)/.exec(finished.stderr)?.[1] ?? Number.NaN)
  const last = finished.stdout.trimEnd().split('\n').at(-1) ?? ''
  return { ...finished, packets, ...(last.startsWith('{') && { json: JSON.parse(last) }) }
}

const scenario = (...words: string[]) => ['scenario', CAPPED, '--target', TARGET, '--json', '--reports', workshop.reports, ...words]

function counted(file: string): Counted[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Counted)
}

test('without permission no packet leaves loopback, and the message says which line to add', async () => {
  const refused = await isolated({ COUNTING_HOST: '10.98.0.7' }, ...scenario())
  expect([refused.code, refused.packets]).toEqual([254, 0])
  expect(refused.stderr).toMatch(/HOST_NOT_ALLOWED: 10\.98\.0\.7[\s\S]*safety: \{ hosts: \['10\.98\.0\.7'\] \}/)
})

test('with permission they do: the counter counts', async () => {
  const sent = await isolated({}, 'init', 'http://10.98.0.7/mcp', '--out', path.join(workshop.folder, 'far.ts'))
  expect(sent.code).toBe(254)
  expect(sent.stderr).toContain('TARGET_DOWN')
  expect(sent.packets).toBeGreaterThan(0)
})

/** What reached the server of a run that was allowed to call this one address. */
async function capped(driver: string, ...words: string[]) {
  const file = path.join(mkdtempSync(path.join(workshop.folder, 'counted-')), `${driver}.ndjson`)
  const env = { COUNTING_ALLOWED: OWN, FILE: file, REDIRECT_EVERY: '7', FAIL_AFTER: words.length > 0 ? '10' : '1000000' }
  const run = await isolated(env, ...scenario('--driver', driver, ...words))
  expect(run.json, run.stderr.slice(-2_000)).toBeDefined()
  return { run, lines: counted(file) }
}

function expectHarmless(lines: readonly Counted[], run: Isolated): void {
  // The run's own server is at an address of this namespace: nothing else was asked for.
  expect(run.packets).toBe(0)
  // A redirect is not followed, so that no token goes where nobody sent it.
  expect(lines.filter(({ host }) => host === 'thief')).toEqual([])
  const calls = lines.filter(({ method }) => method === 'tools/call')
  expect(new Set(calls.map(({ tool }) => tool))).toEqual(new Set(['list_notes']))
  expect(calls.every(({ token }) => token?.startsWith('Bearer token-of-'))).toBe(true)
  expect(fullest(lines.map(({ atMs }) => atMs))).toBeLessThanOrEqual(CAP)
}

test('k6: no cap is passed in any second, nothing but reads is called, no redirect is followed', async () => {
  const { run, lines } = await capped('k6')
  expectHarmless(lines, run)
  // It was held back, not idle.
  expect(fullest(lines.map(({ atMs }) => atMs))).toBeGreaterThan(CAP / 2)
  const manifest = JSON.parse(readFileSync(path.join(path.resolve(ROOT, run.json?.folder ?? ''), 'manifest.json'), 'utf8'))
  expect(manifest.notes.join('\n')).toMatch(/holds 1 × runaway-loop to \d+ calls a second/)
})

test('undici: the same; and a halt condition stops it, with a report that says unknown', async () => {
  const { run, lines } = await capped('undici', '--halt', 'errorShare>0.5 for 1s')
  expectHarmless(lines, run)
  expect(run.stderr).toMatch(/halted: errorShare>0\.5 for 1s: it was .*: stopping the load and healing/)
  expect([run.json?.status, run.code]).toEqual(['unknown', 2])
  const folder = path.resolve(ROOT, run.json?.folder ?? '')
  expect(readFileSync(path.join(folder, 'report.html'), 'utf8')).toContain('halted')
  expect(JSON.parse(readFileSync(path.join(folder, 'manifest.json'), 'utf8')).state).toBe('aborted')
})
