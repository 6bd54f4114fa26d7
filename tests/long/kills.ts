// kill -9 of the harness at moments drawn from a seed, from its first import to its last line, each followed by a next start (one in
// four of which is killed as well, and followed by another): nothing of the killed run may be left, no process, folder, lease, fault
// or memory that processes shared. First, every ten kills, and at the end, a whole run must be judged as if nothing had happened; one
// whose generator was late says nothing, and is counted apart.
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

/** @param rounds kills. @throws when something was left */
export async function run(rounds = 100, seed = Number(process.env.KILLS_SEED ?? Date.now() % 1_000_000)): Promise<string> {
  const draw = createDraw(seed, 'kills')
  const flaws: string[] = []
  using workshop = new Workshop()
  const judged: Whole[] = []
  const wholly = async (when: string) => {
    const whole = await wholeRun(workshop)
    judged.push(whole)
    say(`${when}: a whole run took ${whole.ms} ms and was judged ${whole.said}`)
    flaws.push(...whole.flaws.map((flaw) => `seed ${seed}, ${when}: ${flaw}`))
    return whole.ms
  }
  let wholeMs = await wholly('before any kill')
  let nextMs = await nextTakesMs(workshop)
  for (let round = 1; round <= rounds; ) {
    const afterMs = draw.int(FIRST_MS, wholeMs)
    const nextAfterMs = draw.chance(NEXT_KILLED_SHARE) ? draw.int(FIRST_MS, nextMs) : undefined
    const moment = `killed after ${afterMs} ms${nextAfterMs === undefined ? '' : `, the next start after ${nextAfterMs} ms`}`
    const { killed, tookMs, found } = await killedAfter(workshop, afterMs, nextAfterMs)
    say(`kill ${round} of ${rounds}, ${killed ? moment : 'which came too late'}: ${found.join('; ') || 'nothing left'}`)
    flaws.push(...found.map((flaw) => `seed ${seed}, round ${round}, ${moment}: ${flaw}`))
    // The machine has become quicker: another moment is drawn, from a shorter run.
    if (!killed) wholeMs = tookMs
    else if (round++ % WHOLE_RUN_EVERY === 0 || round > rounds) {
      wholeMs = await wholly(`after kill ${round - 1}`)
      nextMs = await nextTakesMs(workshop)
    }
  }
  if (flaws.length > 0) throw new Error(flaws.join('\n'))
  const late = judged.filter((whole) => whole.late).length
  return `seed ${seed}: ${rounds} kills left nothing; ${judged.length} whole runs, ${judged.length - late} of them judged as ever, ${late} with a generator that was late`
}

async function killedAfter(
  workshop: Workshop,
  afterMs: number,
  nextAfterMs?: number,
): Promise<{ killed: boolean; tookMs: number; found: string[] }> {
  const begunS = Math.floor(Date.now() / 1_000)
  const { killed, tookMs } = await killAfter(workshop, afterMs, ...RUN, '--reports', workshop.reports)
  const leases = leasesIn(workshop).map(({ run, processes }) => ({ run, pids: [...processes, ...processesOf(run)].map(({ pid }) => pid) }))
  const begun = nextAfterMs === undefined ? undefined : await killAfter(workshop, nextAfterMs, ...NEXT)
  const next = await workshop.cli(...NEXT)
  const flaws: string[] = []
  for (const { run, pids } of leases) {
    const left = processesOf(run)
    if (left.length > 0) flaws.push(`processes are left: ${left.map(({ command }) => command).join(', ')}`)
    const segments = sharedMemoryOf(pids, begunS)
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
  return { killed, tookMs, found: flaws }
}

/** @returns whether it was killed before it had ended by itself */
async function killAfter(
  workshop: Workshop,
  afterMs: number,
  ...words: string[]
): Promise<{ killed: boolean; tookMs: number; stderr: string }> {
  const begunMs = performance.now()
  const child = workshop.start(...words)
  const finished = finish(child)
  const early = new AbortController()
  void once(child, 'exit').then(() => early.abort())
  await pause(afterMs, undefined, { signal: early.signal }).catch(() => undefined)
  const tookMs = Math.round(performance.now() - begunMs)
  const killed = child.kill('SIGKILL')
  return { killed, tookMs, stderr: (await finished).stderr }
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

/** Segments of System V that one of these made since then, and that nobody uses any more: process numbers are used again. Linux only. */
function sharedMemoryOf(pids: readonly number[], sinceS: number): string[] {
  if (process.platform !== 'linux') return []
  const rows = readFileSync('/proc/sysvipc/shm', 'utf8').trimEnd().split('\n').slice(1)
  const segments = rows.map((row) => row.trim().split(/\s+/))
  return segments.flatMap(([, id, , , cpid, , users, , , , , , , madeS]) =>
    users === '0' && pids.includes(Number(cpid)) && Number(madeS) >= sinceS ? [`segment ${id}`] : [],
  )
}

interface Whole {
  ms: number
  /** Each check's status. */
  said: string
  /** The generator was: the machine did not keep up, and nothing that was judged says anything of the kills. */
  late: boolean
  flaws: string[]
}

async function wholeRun(workshop: Workshop): Promise<Whole> {
  const begunMs = performance.now()
  const { code, stderr, stdout } = await workshop.cli(...RUN, '--reports', workshop.reports, '--json')
  const ms = Math.round(performance.now() - begunMs)
  if (code === 254 || code === 255) return { ms, said: '', late: false, flaws: [`a whole run ended with ${code}:\n${stderr}`] }
  const { checks } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { checks: { id: string; status: string }[] }
  const statuses = Object.fromEntries(checks.map(({ id, status }) => [id, status]))
  const late = statuses['load-offered'] === 'unknown'
  // With a second of baseline some of it cannot be known; what can be must hold.
  const right = statuses['fault-felt'] === 'pass' && statuses['bounded-time'] === 'pass' && !Object.values(statuses).includes('fail')
  const said = JSON.stringify(statuses)
  return { ms, said, late, flaws: right || late ? [] : [`a whole run was judged ${said}`] }
}

async function nextTakesMs(workshop: Workshop): Promise<number> {
  const begunMs = performance.now()
  await workshop.cli(...NEXT)
  return Math.round(performance.now() - begunMs)
}

function say(sentence: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${sentence}\n`)
}
