// The package, packed and installed by npm into an empty folder as `npm init -y` leaves it, and used there as README says: demo, init, run,
// judge, report, explain, with units of the project's own. It needs the registry, and about five minutes.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../harness/environment/free-port.ts'
import { answers } from '../../harness/environment/server-under-test.ts'
import { type Finished, finish } from '../fixtures/cli.ts'
import { writeOwnProject } from '../fixtures/own-project.ts'
import { ROOT } from '../fixtures/source-files.ts'

const FIRST_RED_S = 60
const SERVER = path.join(ROOT, 'tests/fixtures/servers/plain.ts')

/** @returns what took how long. @throws when something was not as README says */
export async function run(): Promise<string[]> {
  const place = mkdtempSync(path.join(os.tmpdir(), 'stampede-packed-'))
  const said: string[] = []
  try {
    const tarball = pack(place)
    const project = path.join(place, 'project')
    mkdirSync(project)
    npm(project, 'init', '-y')
    await timed(said, 'npm install', () => npm(project, 'install', '--no-audit', '--no-fund', '--loglevel=error', tarball))
    assert.ok(!readdirSync(path.join(project, 'node_modules/.bin')).includes('node'), 'a Node stands in front of the project’s own')
    await demo(project, said)
    await someServer(project, said)
    await ownUnits(project, said)
    return said
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

/** In a copy, since packing puts another package.json in place for a moment. */
function pack(place: string): string {
  const copy = path.join(place, 'checkout')
  const files = execFileSync('git', ['-C', ROOT, 'ls-files', '-z'], { encoding: 'utf8', maxBuffer: 16_000_000 }).split('\0').filter(Boolean)
  for (const file of files.filter((one) => existsSync(path.join(ROOT, one))))
    cpSync(path.join(ROOT, file), path.join(copy, file), { recursive: true })
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'))
  const before = readFileSync(path.join(copy, 'package.json'), 'utf8')
  npm(copy, 'pack', '--loglevel=error')
  assert.equal(readFileSync(path.join(copy, 'package.json'), 'utf8'), before)
  const tarball = readdirSync(copy).find((name) => name.endsWith('.tgz'))
  assert.ok(tarball)
  return path.join(copy, tarball)
}

async function demo(project: string, said: string[]): Promise<void> {
  const begunMs = Date.now()
  const child = start(project, 'demo')
  let redAfterS = Number.POSITIVE_INFINITY
  child.stdout?.on('data', (chunk) => {
    if (String(chunk).includes('✕ Did not hold')) redAfterS = Math.min(redAfterS, (Date.now() - begunMs) / 1_000)
  })
  const { code, stdout, stderr } = await finish(child)
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  assert.match(stdout, /✕ Fail +A14/)
  assert.match(stdout, /✓ Held {2}runaway-loop/)
  assert.ok(redAfterS <= FIRST_RED_S, `the first red verdict came after ${redAfterS} s`)
  said.push(`demo: red after ${redAfterS.toFixed(0)} s, all of it ${((Date.now() - begunMs) / 1_000).toFixed(0)} s`)
}

async function ownUnits(project: string, said: string[]): Promise<void> {
  writeOwnProject(project, SERVER)
  const { code, stdout, stderr } = await stampede(project, 'run', 'my-story', '--target', 'mine', '--driver', 'undici')
  assert.equal(code, 0, `${stdout}\n${stderr}`)
  const latest = 'reports/my-story/latest'
  for (const words of [
    ['judge', latest],
    ['report', latest],
    ['explain', 'my-story'],
  ]) {
    const again = await stampede(project, ...words)
    assert.equal(again.code, 0, `${words.join(' ')}: ${again.stderr}`)
    assert.match(again.stdout, /my-story/)
  }
  assert.ok(readdirSync(path.join(project, latest)).includes('report.html'))
  said.push('a scenario, a persona, a fault and a target of the project’s own: run, judged, reported, explained')
}

/** A server that somebody else started, met by its address alone. `npm init` says commonjs, so the target is an .mts. */
async function someServer(project: string, said: string[]): Promise<void> {
  const port = await freePort()
  const server = spawn(process.execPath, [SERVER], { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' })
  try {
    await untilUp(`http://127.0.0.1:${port}/health`)
    const { code, stdout, stderr } = await stampede(project, 'init', `http://127.0.0.1:${port}/mcp`)
    assert.equal(code, 0, `${stdout}\n${stderr}`)
    const typed = /npx mcp-stampede (run \S+ --target \S+\.mts)/.exec(stdout)?.[1]
    assert.ok(typed, `init says no command:\n${stdout}`)
    const begunMs = Date.now()
    const verdict = await stampede(project, ...typed.split(' '), '--driver', 'undici')
    assert.ok([0, 1, 2].includes(verdict.code ?? -1), `${verdict.stdout}\n${verdict.stderr}`)
    said.push(`init, then ${typed}: exit ${verdict.code} after ${((Date.now() - begunMs) / 1_000).toFixed(0)} s`)
  } finally {
    server.kill()
  }
}

async function untilUp(url: string): Promise<void> {
  const limit = AbortSignal.timeout(20_000)
  while (!(await answers(url, limit))) await pause(50, undefined, { signal: limit })
}

function npm(cwd: string, ...words: string[]): void {
  execFileSync('npm', words, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
}

async function timed(said: string[], what: string, work: () => void): Promise<void> {
  const begunMs = Date.now()
  work()
  said.push(`${what}: ${((Date.now() - begunMs) / 1_000).toFixed(0)} s`)
}

function start(cwd: string, ...words: string[]) {
  const env = { ...process.env, NO_COLOR: '1' }
  return spawn('npx', ['--no-install', 'mcp-stampede', ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function stampede(cwd: string, ...words: string[]): Promise<Finished> {
  return await finish(start(cwd, ...words))
}
