// kill -9 of the harness at moments drawn from a seed, each followed by a next start: nothing of the killed run may be left, no
// process, folder, lease or fault. Every ten kills, and at the end, a whole run must be judged as if nothing had happened.
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createDraw } from '../../harness/plan/draw.ts'
import { processesOf } from '../../harness/run/process-table.ts'
import { finish, ROOT, Workshop } from '../fixtures/cli.ts'

const SCENARIO = path.join(ROOT, 'tests/fixtures/scenarios/breakable.ts')
const TARGET = path.join(ROOT, 'tests/fixtures/targets/flagged.ts')
/** From the first import to the last heal of a run, and a little after its end. */
const WITHIN_MS = 12_000
const WHOLE_RUN_EVERY = 10

/** @param rounds kills. @throws when something was left */
export async function run(rounds = 100): Promise<string> {
  const flaws = await killedOften(rounds)
  if (flaws.length > 0) throw new Error(flaws.join('\n'))
  return `${rounds} kills left nothing`
}

/** What went wrong, in sentences; empty when all was well. */
async function killedOften(
  rounds = 100,
  seed = 1,
  say: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Promise<string[]> {
  const draw = createDraw(seed, 'kills')
  const flaws: string[] = []
  using workshop = new Workshop()
  for (let round = 1; round <= rounds; round++) {
    const afterMs = draw.int(200, WITHIN_MS)
    const found = (await killedAfter(workshop, afterMs)).map((flaw) => `round ${round}, killed after ${afterMs} ms: ${flaw}`)
    say(found.length === 0 ? `kill ${round} of ${rounds}, after ${afterMs} ms: nothing left` : found.join('\n'))
    flaws.push(...found)
    if (round % WHOLE_RUN_EVERY === 0 || round === rounds)
      flaws.push(...(await wholeRun(workshop)).map((flaw) => `after round ${round}: ${flaw}`))
  }
  return flaws
}

async function killedAfter(workshop: Workshop, afterMs: number): Promise<string[]> {
  const child = workshop.start('scenario', SCENARIO, '--target', TARGET, '--reports', workshop.reports)
  const finished = finish(child)
  const early = new AbortController()
  void once(child, 'exit').then(() => early.abort())
  await pause(afterMs, undefined, { signal: early.signal }).catch(() => undefined)
  const killed = child.kill('SIGKILL')
  await finished
  const runs = leftIn(workshop).flatMap(({ files }) =>
    files.filter((name) => name.endsWith('.json')).map((name) => path.basename(name, '.json')),
  )
  const next = await workshop.cli('scenario', '--list')
  const flaws: string[] = []
  for (const one of new Set(runs)) {
    const left = processesOf(one)
    if (left.length > 0) flaws.push(`processes are left: ${left.map(({ command }) => command).join(', ')}`)
    if (killed && !next.stderr.includes(`cleaned up after run ${one}`))
      flaws.push(`the next start did not say that it cleaned up:\n${next.stderr}`)
  }
  if (/not healed/.test(next.stderr)) flaws.push(next.stderr)
  const files = leftIn(workshop).filter(({ files }) => files.length > 0)
  if (files.length > 0) flaws.push(`files are left: ${JSON.stringify(files)}`)
  if (existsSync(path.join(workshop.temporary, 'flag-down'))) flaws.push('the fault of the target is still in force')
  return flaws
}

/** The folders of leases, and what lies in them. */
function leftIn({ temporary }: Workshop): { folder: string; files: string[] }[] {
  const folders = readdirSync(temporary).filter((name) => name.startsWith('stampede-'))
  return folders.map((folder) => ({ folder, files: readdirSync(path.join(temporary, folder)) }))
}

async function wholeRun(workshop: Workshop): Promise<string[]> {
  const { code, stderr, stdout } = await workshop.cli('scenario', SCENARIO, '--target', TARGET, '--reports', workshop.reports, '--json')
  if (code === 254 || code === 255) return [`a whole run ended with ${code}:\n${stderr}`]
  const { checks } = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as { checks: { id: string; status: string }[] }
  const statuses = Object.fromEntries(checks.map(({ id, status }) => [id, status]))
  // With a second of baseline some of it cannot be known; what can be must hold.
  const wrong = Object.values(statuses).includes('fail') || statuses['bounded-time'] !== 'pass' || statuses['fault-felt'] !== 'pass'
  return wrong ? [`a whole run was judged ${JSON.stringify(statuses)}`] : []
}
