// `npm run matrix`: every scenario on the hardened server, then every weakness in its scenario, and docs/detection-matrix.md from what they
// measured. A weakness is detected when the check that it names fails, with witnesses; a fail of the hardened server is a false alarm.
//
//   npm run matrix -- --only no-breaker,slow-postgres   these weaknesses or scenarios
//   npm run matrix -- --repeat 3                        each hardened scenario so often, with seeds 1, 2, 3
//   npm run matrix -- --fresh                           forgets what an earlier start of this commit has measured
//
// Stopped in the middle it goes on where it was (fixtures/kept-runs.ts). Nobody else should use the cores.
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { asksForHelp } from '../harness/command/arguments.ts'
import { discover } from '../harness/discover.ts'
import { ROOT, Workshop } from './fixtures/cli.ts'
import { KeptRuns } from './fixtures/kept-runs.ts'
import { matrixPage } from './fixtures/matrix-page.ts'
import { allWeaknesses } from './fixtures/weaknesses.ts'

export interface MatrixRun {
  commit: string
  scenario: string
  seed: number
  weakness?: string
  status: string
  /** Why there is none. */
  problem?: string
  tookS: number
  verdicts: { check: string; code: string; status: string; says: string; witnesses: number; because?: string }[]
}

const PAGE = path.join(ROOT, 'docs/detection-matrix.md')

const USAGE = 'npm run matrix -- [--only <ids, with commas>] [--repeat <runs>] [--fresh]'

const values = asked()
const weaknesses = await allWeaknesses()
const scenarios = (await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))).ids
const only = values.only?.split(',')
const stray = only?.find((id) => !scenarios.includes(id) && !weaknesses.some((one) => one.id === id))
const repeat = Number(values.repeat)
if (stray !== undefined || !Number.isInteger(repeat) || repeat < 1) {
  const what =
    stray === undefined ? `--repeat ${values.repeat}: a whole number from 1` : `${JSON.stringify(stray)} is no weakness and no scenario`
  refuse(what)
}
const done = new KeptRuns<MatrixRun>('matrix.ndjson', keyOf)
const { commit } = done
if (values.fresh) done.forget()

interface Wanted {
  scenario: string
  seed: number
  weakness?: string
}

const wanted = scenarios.flatMap((scenario): Wanted[] => {
  const own = weaknesses.filter(
    ({ id, value }) => value.caughtBy.scenario === scenario && (!only || only.includes(id) || only.includes(scenario)),
  )
  if (only && own.length === 0 && !only.includes(scenario)) return []
  const hardened = Array.from({ length: repeat }, (_, n) => ({ scenario, seed: n + 1 }))
  return [...hardened, ...own.map(({ id }) => ({ scenario, seed: 1, weakness: id }))]
})
using workshop = new Workshop()
for (const [position, one] of wanted.entries()) {
  if (done.get(keyOf(one))) continue
  const result = await measured(one)
  done.add(result)
  const verdict = result.verdicts.find(({ check }) => check === caughtBy(one.weakness))
  const what = verdict ? `${verdict.check} ${verdict.status}: ${verdict.says}` : result.status
  process.stderr.write(
    `${position + 1} of ${wanted.length}: ${one.scenario}${one.weakness ? ` with ${one.weakness}` : ''}, ${result.tookS} s: ${result.problem ?? what}\n`,
  )
}

const runs = wanted.flatMap((one) => done.get(keyOf(one)) ?? [])
const { text, missed, alarms, broken } = matrixPage(runs, weaknesses, done.where)
if (!only) writeFileSync(PAGE, text)
process.stdout.write(text)
process.exitCode = missed + alarms + broken > 0 ? 1 : 0

function asked() {
  if (asksForHelp(process.argv.slice(2))) {
    process.stdout.write(`${USAGE}\n`)
    process.exit(0)
  }
  try {
    return parseArgs({ options: { only: { type: 'string' }, repeat: { type: 'string', default: '1' }, fresh: { type: 'boolean' } } }).values
  } catch (error) {
    return refuse((error as Error).message)
  }
}

function refuse(what: string): never {
  process.stderr.write(`${what}\n  → ${USAGE}\n`)
  process.exit(254)
}

async function measured(one: Wanted): Promise<MatrixRun> {
  const begunMs = Date.now()
  const { scenario, seed, weakness } = one
  try {
    const run = await workshop.measured(scenario, '--seed', String(seed), ...(weakness === undefined ? [] : ['--weaken', weakness]))
    const verdicts = run.verdicts.verdicts.map(({ check, code, status, says, witnesses, exhibits, because }) => {
      return { check, code, status, says, witnesses: witnesses.length + exhibits.length, ...(because !== undefined && { because }) }
    })
    rmSync(run.folder, { recursive: true, force: true })
    return { commit, ...one, status: run.answer.status, tookS: Math.round((Date.now() - begunMs) / 1_000), verdicts }
  } catch (error) {
    return {
      commit,
      ...one,
      status: 'none',
      problem: (error as Error).message.slice(0, 500),
      tookS: Math.round((Date.now() - begunMs) / 1_000),
      verdicts: [],
    }
  }
}

function keyOf({ scenario, seed, weakness = '' }: Wanted): string {
  return `${scenario} ${seed} ${weakness}`
}

function caughtBy(weakness: string | undefined): string | undefined {
  return weaknesses.find(({ id }) => id === weakness)?.value.caughtBy.check
}
