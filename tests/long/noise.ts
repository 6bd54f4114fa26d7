// Every scenario on the hardened server, round after round with other seeds: how often it is wrongly failed, how often nobody can tell,
// how late the generator was and what the harness took. The weaknesses are `npm run matrix`.
//
// Two runs at a time, each with the other for a noisy neighbour: half the time, and nearer to where such a tool is used. Writes the last
// result into docs/long-tests.md. No verdict may fail, and of all that are judged at most 5 % may be unknown (ours).
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import { quantileOf } from '../../harness/history/quantiles.ts'
import type { SampleLine } from '../../harness/history/raw-line.ts'
import { ROOT, type ScenarioRun, Workshop } from '../fixtures/cli.ts'
import { KeptRuns } from '../fixtures/kept-runs.ts'

const PAGE = path.join(ROOT, 'docs/long-tests.md')
const MARKS = ['<!-- last result: begin -->', '<!-- last result: end -->'] as const
const UNKNOWN_MAX = 0.05
const AT_ONCE = 2

interface Wanted {
  scenario: string
  round: number
}

/** What is kept of a run, once its folder is gone. */
interface Measured {
  exitCode: number
  why: string
  statuses: string[]
  /** Sent minus planned, of the first call of each task. */
  latenessMs: { p50: number; p99: number }
  rssMb: number
}

interface NoiseRun extends Wanted {
  commit: string
  tookS: number
  /** Why nothing was measured, such as counts that disagree. */
  problem?: string
  measured?: Measured
}

const keyOf = ({ scenario, round }: Wanted) => `${scenario} ${round}`

/** @param rounds of all scenarios. @returns the page's tables. @throws when a verdict failed, or too many were unknown */
export async function run(rounds = 10): Promise<string> {
  const { ids: scenarios } = await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))
  const kept = new KeptRuns<NoiseRun>('noise.ndjson', keyOf)
  const wanted = Array.from({ length: rounds }, (_, n) => scenarios.map((scenario): Wanted => ({ scenario, round: n + 1 }))).flat()
  const waiting = wanted.values()
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(waiting, kept)))

  const runs = wanted.flatMap((one) => kept.get(keyOf(one)) ?? [])
  const broken = runs.filter(({ problem }) => problem !== undefined)
  const statuses = runs.flatMap(({ measured }) => measured?.statuses ?? [])
  const count = (status: string) => statuses.filter((one) => one === status).length
  const judged = statuses.length - count('not-judged')
  const minutes = Math.round(runs.reduce((sum, { tookS }) => sum + tookS, 0) / AT_ONCE / 60)
  const text = [
    `${new Date().toISOString().slice(0, 10)}, ${machine(kept.commit)}, \`npm run test:long -- noise ${rounds}\`, ${minutes} minutes, ${AT_ONCE} runs at a time:`,
    `${judged} verdicts of the hardened server, ${count('fail')} failed, ${count('unknown')} unknown; ${broken.length} runs whose own counts disagreed.`,
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
  if (count('fail') > 0 || count('unknown') > UNKNOWN_MAX * judged || broken.length > 0) throw new Error(text)
  return text
}

async function work(waiting: Iterable<Wanted>, kept: KeptRuns<NoiseRun>): Promise<void> {
  using workshop = new Workshop()
  for (const one of waiting) {
    if (kept.get(keyOf(one))) continue
    const begunMs = Date.now()
    const found = await tried(workshop, one)
    kept.add({ commit: kept.commit, ...one, tookS: Math.round((Date.now() - begunMs) / 1_000), ...found })
    const { exitCode, why } = found.measured ?? { exitCode: undefined, why: found.problem }
    process.stderr.write(
      `${new Date().toISOString().slice(11, 19)} round ${one.round}, ${one.scenario}: ${exitCode === 0 ? 'held' : why}\n`,
    )
  }
}

async function tried(workshop: Workshop, { scenario, round }: Wanted): Promise<Pick<NoiseRun, 'measured' | 'problem'>> {
  try {
    const run = await workshop.scenario(scenario, '--seed', String(round))
    const measured = measure(run)
    rmSync(run.folder, { recursive: true, force: true })
    return { measured }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

function measure(run: ScenarioRun): Measured {
  const first = run.calls.filter(({ turn, attempt }) => turn === 1 && attempt === 1)
  const latenessMs = first.map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs)
  const own = run.history.filter((line): line is SampleLine => line.kind === 'sample' && line.instance === 'harness')
  return {
    exitCode: run.answer.exitCode,
    why: run.why.replaceAll('\n', '; '),
    statuses: run.answer.checks.map(({ status }) => status),
    latenessMs: { p50: quantileOf(latenessMs, 0.5), p99: quantileOf(latenessMs, 0.99) },
    rssMb: Math.round(Math.max(0, ...own.map(({ values }) => values.rssBytes ?? 0)) / 1_000_000),
  }
}

function row(id: string, runs: readonly Measured[]): string {
  const count = (wanted: number) => runs.filter(({ exitCode }) => exitCode === wanted).length
  const why = runs.flatMap((one) => (one.exitCode === 0 ? [] : [one.why.replaceAll('|', '\\|')]))
  const p99s = runs.map(({ latenessMs }) => latenessMs.p99)
  const medianOf = (values: readonly number[]) => Math.round(quantileOf(values, 0.5) * 10) / 10
  const figures = [
    medianOf(runs.map(({ latenessMs }) => latenessMs.p50)),
    `${medianOf(p99s)}, ${Math.round(Math.max(...p99s))}`,
    Math.max(...runs.map(({ rssMb }) => rssMb)),
  ]
  return `| ${[id, runs.length, count(0), count(1), count(2), why.join(' / ') || 'none', ...figures].join(' | ')} |`
}

function machine(commit: string): string {
  return `commit ${commit}, ${os.availableParallelism()} cores, ${os.type()} ${os.release()}, Node ${process.versions.node}`
}

function keep(text: string): void {
  const [before, after] = readFileSync(PAGE, 'utf8').split(new RegExp(`${MARKS[0]}[\\s\\S]*${MARKS[1]}`))
  writeFileSync(PAGE, `${before}${MARKS[0]}\n${text}\n${MARKS[1]}${after}`)
}
