// Every scenario on the hardened server, round after round with other seeds: how often it is wrongly failed, how often nobody can tell,
// how late the generator was and what the harness took. The weaknesses are `npm run matrix`.
//
// Writes the last result into docs/long-tests.md. No verdict may fail, and of all that are judged at most 5 % may be unknown (ours).
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import { quantileOf } from '../../harness/history/quantiles.ts'
import type { SampleLine } from '../../harness/history/raw-line.ts'
import { ROOT, type ScenarioRun, Workshop } from '../fixtures/cli.ts'

const PAGE = path.join(ROOT, 'docs/long-tests.md')
const MARKS = ['<!-- last result: begin -->', '<!-- last result: end -->'] as const
const UNKNOWN_MAX = 0.05

/** What is kept of a run, once its folder is gone. */
interface Measured {
  exitCode: number
  why: string
  statuses: string[]
  /** Sent minus planned, of the first call of each task. */
  latenessMs: number[]
  rssMb: number
}

/** @param rounds of all scenarios. @returns the page's tables. @throws when a verdict failed, or too many were unknown */
export async function run(rounds = 10): Promise<string> {
  const begunMs = Date.now()
  using workshop = new Workshop()
  const scenarios = (await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))).ids
  const broken: string[] = []
  const hardened = new Map<string, Measured[]>(scenarios.map((id) => [id, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [id, runs] of hardened) {
      try {
        const one = await workshop.scenario(id, '--seed', String(round))
        runs.push(measure(one))
        rmSync(one.folder, { recursive: true, force: true })
        say(`round ${round} of ${rounds}: ${id} ${one.answer.status}${one.answer.exitCode === 0 ? '' : ` (${one.why})`}`)
      } catch (error) {
        broken.push(`round ${round}, ${id}: ${(error as Error).message}`)
        say(broken.at(-1) ?? '')
      }
    }
  }
  const statuses = [...hardened.values()].flat().flatMap((one) => one.statuses)
  const count = (wanted: string) => statuses.filter((status) => status === wanted).length
  const judged = statuses.length - count('not-judged')
  const minutes = Math.round((Date.now() - begunMs) / 60_000)
  const text = [
    `${new Date().toISOString().slice(0, 10)}, ${machine()}, \`npm run test:long -- noise ${rounds}\`, ${minutes} minutes:`,
    `${judged} verdicts of the hardened server, ${count('fail')} failed, ${count('unknown')} unknown; ${broken.length} runs whose own counts disagreed.`,
    ...broken.map((flaw) => `- ${flaw}`),
    '',
    '| scenario, hardened | runs | held | failed | unknown | why unknown | lateness p50, ms | lateness p99, ms (median, worst) | harness RSS, MB (worst) |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...hardened].map(([id, runs]) => row(id, runs)),
  ].join('\n')
  keep(text)
  if (count('fail') > 0 || count('unknown') > UNKNOWN_MAX * judged || broken.length > 0) throw new Error(text)
  return text
}

function measure(run: ScenarioRun): Measured {
  const first = run.calls.filter(({ turn, attempt }) => turn === 1 && attempt === 1)
  const own = run.history.filter((line): line is SampleLine => line.kind === 'sample' && line.instance === 'harness')
  return {
    exitCode: run.answer.exitCode,
    why: run.why.replaceAll('\n', '; '),
    statuses: run.answer.checks.map(({ status }) => status),
    latenessMs: first.map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs),
    rssMb: Math.round(Math.max(0, ...own.map(({ values }) => values.rssBytes ?? 0)) / 1_000_000),
  }
}

function row(id: string, runs: readonly Measured[]): string {
  const count = (wanted: number) => runs.filter(({ exitCode }) => exitCode === wanted).length
  const late = runs.map(({ latenessMs }) => latenessMs)
  const p99s = late.map((values) => quantileOf(values, 0.99))
  const why = runs.flatMap((one) => (one.exitCode === 2 ? [one.why.replaceAll('|', '\\|')] : []))
  const figures = [
    quantileOf(late.flat(), 0.5),
    `${Math.round(quantileOf(p99s, 0.5))}, ${Math.round(Math.max(...p99s))}`,
    Math.max(...runs.map(({ rssMb }) => rssMb)),
  ]
  return `| ${[id, runs.length, count(0), count(1), count(2), why.join(' / ') || 'none', ...figures].join(' | ')} |`
}

function machine(): string {
  const commit = execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return `commit ${commit}, ${os.availableParallelism()} cores, ${os.type()} ${os.release()}, Node ${process.versions.node}`
}

function keep(text: string): void {
  const [before, after] = readFileSync(PAGE, 'utf8').split(new RegExp(`${MARKS[0]}[\\s\\S]*${MARKS[1]}`))
  writeFileSync(PAGE, `${before}${MARKS[0]}\n${text}\n${MARKS[1]}${after}`)
}

function say(sentence: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${sentence}\n`)
}
