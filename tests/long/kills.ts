// kill -9 of the harness at moments drawn from a seed, from its first import to its last line, each followed by a next start (one in
// four of which is killed as well, and followed by another): nothing of the killed run may be left, no process, folder, lease, fault
// or memory that processes shared. First, every ten kills, and at the end, a whole run must be judged as if nothing had happened.
//
// `rounds` is how many kills. The seed is the clock's and is said; KILLS_SEED gives it, so that the same moments are drawn again.
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createDraw } from '../../harness/plan/draw.ts'
import type { LeaseFile } from '../../harness/run/leftovers.ts'
import { processesOf } from '../../harness/run/process-table.ts'
import { finish, ROOT, Workshop } from '../fixtures/cli.ts'

const SCENARIO = path.join(ROOT, 'tests/fixtures/scenarios/breakable.ts')
const TARGET = path.join(ROOT, 'tests/fixtures/targets/flagged.ts')
const RUN = ['scenario', SCENARIO, '--target', TARGET]
/** Any command sweeps when it starts; this one does nothing else. */
const NEXT = ['scenario', '--list']
const FIRST_MS = 100
const WHOLE_RUN_EVERY = 10
const NEXT_KILLED_SHARE = 0.25
/** A whole run that the machine made unknown is measured again. */
const MEASURED_MAX = 3

/** @param rounds kills. @throws when something was left */
export async function run(rounds = 100, seed = Number(process.env.KILLS_SEED ?? Date.now() % 1_000_000)): Promise<string> {
  const draw = createDraw(seed, 'kills')
  const flaws: string[] = []
  using workshop = new Workshop()
  const whole = await wholeRun(workshop)
  flaws.push(...whole.flaws.map((flaw) => `before any kill: ${flaw}`))
  say(`seed ${seed}; a whole run takes ${whole.ms} ms, a next start ${await nextMs(workshop)} ms`)
  const nextTakesMs = await nextMs(workshop)
  for (let round = 1; round <= rounds; round++) {
    const afterMs = draw.int(FIRST_MS, whole.ms)
    const nextAfterMs = draw.chance(NEXT_KILLED_SHARE) ? draw.int(FIRST_MS, nextTakesMs + 500) : undefined
    const moment = `killed after ${afterMs} ms${nextAfterMs === undefined ? '' : `, the next start after ${nextAfterMs} ms`}`
    const found = await killedAfter(workshop, afterMs, nextAfterMs)
    say(`kill ${round} of ${rounds}, ${moment}: ${found.join('; ') || 'nothing left'}`)
    flaws.push(...found.map((flaw) => `seed ${seed}, round ${round}, ${moment}: ${flaw}`))
    if (round % WHOLE_RUN_EVERY === 0 || round === rounds)
      flaws.push(...(await wholeRun(workshop)).flaws.map((flaw) => `seed ${seed}, after round ${round}: ${flaw}`))
  }
  if (flaws.length > 0) throw new Error(flaws.join('\n'))
  return `seed ${seed}: ${rounds} kills left nothing`
}

async function killedAfter(workshop: Workshop, afterMs: number, nextAfterMs: number | undefined): Promise<string[]> {
  const { killed } = await killAfter(workshop, afterMs, ...RUN, '--reports', workshop.reports)
  const leases = leasesIn(workshop).map(({ run, processes }) => ({ run, pids: [...processes, ...processesOf(run)].map(({ pid }) => pid) }))
  const begun = nextAfterMs === undefined ? undefined : await killAfter(workshop, nextAfterMs, ...NEXT)
  const next = await workshop.cli(...NEXT)
  const flaws: string[] = []
  for (const { run, pids } of leases) {
    const left = processesOf(run)
    if (left.length > 0) flaws.push(`processes are left: ${left.map(({ command }) => command).join(', ')}`)
    const segments = sharedMemoryOf(pids)
    if (segments.length > 0) flaws.push(`shared memory is left: ${segments.join(', ')}`)
    if (killed && begun === undefined && !next.stderr.includes(`cleaned up after run ${run}`))
      flaws.push(`the next start did not say that it cleaned up:\n${next.stderr}`)
  }
  const said = `${begun?.stderr ?? ''}${next.stderr}`
  if (/not healed/.test(said)) flaws.push(said)
  if (next.code !== 0) flaws.push(`the next start ended with ${next.code}:\n${next.stderr}`)
  const files = filesIn(workshop)
  if (files.length > 0) flaws.push(`files are left: ${files.join(', ')}`)
  if (existsSync(path.join(workshop.temporary, 'flag-down'))) flaws.push('the fault of the target is still in force')
  return flaws
}

/** @returns whether it was killed before it had ended by itself */
async function killAfter(workshop: Workshop, afterMs: number, ...words: string[]): Promise<{ killed: boolean; stderr: string }> {
  const child = workshop.start(...words)
  const finished = finish(child)
  const early = new AbortController()
  void once(child, 'exit').then(() => early.abort())
  await pause(afterMs, undefined, { signal: early.signal }).catch(() => undefined)
  const killed = child.kill('SIGKILL')
  return { killed, stderr: (await finished).stderr }
}

/** What lies in the folders of leases: paths from the temporary folder on. */
function filesIn({ temporary }: Workshop): string[] {
  const folders = readdirSync(temporary).filter((name) => name.startsWith('stampede-'))
  return folders.flatMap((folder) => readdirSync(path.join(temporary, folder)).map((name) => path.join(folder, name)))
}

function leasesIn(workshop: Workshop): Pick<LeaseFile, 'run' | 'processes'>[] {
  const files = filesIn(workshop).filter((name) => name.endsWith('.json'))
  return files.map((name) => JSON.parse(readFileSync(path.join(workshop.temporary, name), 'utf8')) as LeaseFile)
}

/** Segments of System V that one of these made and that nobody uses any more. Linux only. */
function sharedMemoryOf(pids: readonly number[]): string[] {
  if (process.platform !== 'linux') return []
  const rows = readFileSync('/proc/sysvipc/shm', 'utf8').trimEnd().split('\n').slice(1)
  const segments = rows.map((row) => row.trim().split(/\s+/))
  return segments.flatMap(([, id, , , cpid, , users]) => (users === '0' && pids.includes(Number(cpid)) ? [`segment ${id}`] : []))
}

async function wholeRun(workshop: Workshop): Promise<{ ms: number; flaws: string[] }> {
  for (let time = 1; ; time++) {
    const begunMs = performance.now()
    const { code, stderr, stdout } = await workshop.cli(...RUN, '--reports', workshop.reports, '--json')
    const ms = Math.round(performance.now() - begunMs)
    if (code === 254 || code === 255) return { ms, flaws: [`a whole run ended with ${code}:\n${stderr}`] }
    const { checks } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { checks: { id: string; status: string }[] }
    const statuses = Object.fromEntries(checks.map(({ id, status }) => [id, status]))
    if (statuses['load-offered'] === 'unknown' && time < MEASURED_MAX) continue
    // With a second of baseline some of it cannot be known; what can be must hold.
    const wrong = Object.values(statuses).includes('fail') || statuses['bounded-time'] !== 'pass' || statuses['fault-felt'] !== 'pass'
    say(`a whole run was judged ${JSON.stringify(statuses)}`)
    return { ms, flaws: wrong ? [`a whole run was judged ${JSON.stringify(statuses)}`] : [] }
  }
}

async function nextMs(workshop: Workshop): Promise<number> {
  const begunMs = performance.now()
  await workshop.cli(...NEXT)
  return Math.round(performance.now() - begunMs)
}

function say(sentence: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${sentence}\n`)
}
