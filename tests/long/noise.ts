// Every scenario on the hardened server, round after round: how often it is wrongly failed, how often nobody can tell, how late the
// generator was and what the harness took. The weaknesses are `npm run matrix`; equal runs for `npm run compare` are `pairs`.
//
// Two runs at a time, each with the other for a noisy neighbour: half the time, and nearer to where such a tool is used. Writes the last
// result into docs/long-tests.md. No verdict may fail, in disturbed runs neither; of all others that are judged at most 5 % may be unknown
// (ours). `rounds`: ten take an hour.
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import type { History } from '../../harness/history/history.ts'
import { latenessMs } from '../../harness/history/lateness.ts'
import { quantileOf } from '../../harness/history/quantiles.ts'
import { ROOT, type ScenarioRun } from '../fixtures/cli.ts'
import { type HardenedRun, keyOf, makeRuns, type Tried } from '../fixtures/hardened-runs.ts'
import { KeptRuns } from '../fixtures/kept-runs.ts'
import { STOLEN_MAX } from '../fixtures/quiet-host.ts'

const PAGE = path.join(ROOT, 'docs/long-tests.md')
const MARKS = ['<!-- last result: begin -->', '<!-- last result: end -->'] as const
const UNKNOWN_MAX = 0.05
const AT_ONCE = 2
const WHY_CHARACTERS_MAX = 160

/** What is kept of a run, once its folder is gone. */
interface Measured {
  exitCode: number
  why: string
  statuses: string[]
  /** Sent minus planned, of the first call of each task. */
  latenessMs: { p50: number; p99: number }
  rssMb: number
}

/** @param rounds of all scenarios. @returns the page's tables. @throws when a verdict failed, or too many were unknown */
export async function run(rounds = 10): Promise<string> {
  const { ids: scenarios } = await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))
  const kept = new KeptRuns<HardenedRun<Measured>>('noise.ndjson', keyOf)
  const wanted = Array.from({ length: rounds }, (_, n) => scenarios.map((scenario) => ({ scenario, round: n + 1, seed: n + 1 }))).flat()
  const waiting = wanted.values()
  await Promise.all(Array.from({ length: AT_ONCE }, () => makeRuns(waiting, kept, measure)))

  const runs = wanted.flatMap((one) => kept.get(keyOf(one)) ?? [])
  const broken = runs.flatMap(({ scenario, round, problem, disturbed }) =>
    [{ problem }, ...disturbed].flatMap((tried) => (tried.problem === undefined ? [] : [{ scenario, round, problem: tried.problem }])),
  )
  const all = counted(runs)
  const disturbed = counted(runs.flatMap((one) => one.disturbed))
  const minutes = Math.round(runs.reduce((sum, { tookS }) => sum + tookS, 0) / AT_ONCE / 60)
  const text = [
    `${new Date().toISOString().slice(0, 10)}, ${kept.where}, \`npm run test:long -- noise ${rounds}\`, ${minutes} minutes, ${AT_ONCE} runs at a time:`,
    `${told(all)}; ${broken.length} runs whose own counts disagreed.`,
    `${disturbed.runs} runs more, of which the host took over ${STOLEN_MAX * 100} % of the CPU, were made again: ${told(disturbed)}.`,
    ...broken.map(({ scenario, round, problem }) => `- round ${round}, ${scenario}: ${problem}`),
    '',
    '| scenario, hardened | runs | held | failed | unknown | why failed or unknown | lateness p50, ms | lateness p99, ms (median, worst) | harness RSS, MB (worst) |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...scenarios.map((id) =>
      row(
        id,
        runs.filter(({ scenario }) => scenario === id).flatMap(({ measured }) => measured ?? []),
      ),
    ),
  ].join('\n')
  keep(text)
  if (all.failed + disturbed.failed > 0 || all.unknown > UNKNOWN_MAX * all.judged || broken.length > 0) throw new Error(text)
  return text
}

function counted(runs: readonly Tried<Measured>[]) {
  const statuses = runs.flatMap(({ measured }) => measured?.statuses ?? [])
  const count = (status: string) => statuses.filter((one) => one === status).length
  return { runs: runs.length, judged: statuses.length - count('not-judged'), failed: count('fail'), unknown: count('unknown') }
}

function told({ judged, failed, unknown }: ReturnType<typeof counted>): string {
  return `${judged} verdicts of the hardened server, ${failed} failed, ${unknown} unknown`
}

function measure({ answer, statuses, why }: ScenarioRun, history: History): Measured {
  const lateMs = latenessMs(history)
  const own = history.samples.filter(({ instance }) => instance === 'harness')
  return {
    exitCode: answer.exitCode,
    why: why.replaceAll('\n', '; '),
    statuses: Object.values(statuses),
    latenessMs: { p50: quantileOf(lateMs, 0.5), p99: quantileOf(lateMs, 0.99) },
    rssMb: Math.round(Math.max(0, ...own.map(({ values }) => values.rssBytes ?? 0)) / 1_000_000),
  }
}

function row(id: string, runs: readonly Measured[]): string {
  const count = (wanted: number) => runs.filter(({ exitCode }) => exitCode === wanted).length
  const why = runs.flatMap((one) => (one.exitCode === 0 ? [] : [brief(one.why).replaceAll('|', '\\|')]))
  const p99s = runs.map(({ latenessMs }) => latenessMs.p99)
  const medianOf = (values: readonly number[]) => Math.round(quantileOf(values, 0.5) * 10) / 10
  const figures = [
    medianOf(runs.map(({ latenessMs }) => latenessMs.p50)),
    `${medianOf(p99s)}, ${Math.round(Math.max(...p99s))}`,
    Math.max(...runs.map(({ rssMb }) => rssMb)),
  ]
  return `| ${[id, runs.length, count(0), count(1), count(2), why.join(' / ') || 'none', ...figures].join(' | ')} |`
}

/** The first reasons: one that shuts a gate has all others in its train. */
function brief(why: string): string {
  return why.length <= WHY_CHARACTERS_MAX ? why : `${why.slice(0, WHY_CHARACTERS_MAX)} …`
}

function keep(text: string): void {
  const [before, after] = readFileSync(PAGE, 'utf8').split(new RegExp(`${MARKS[0]}[\\s\\S]*${MARKS[1]}`))
  writeFileSync(PAGE, `${before}${MARKS[0]}\n${text}\n${MARKS[1]}${after}`)
}
