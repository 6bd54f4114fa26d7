// `npm run test:long [rounds]`: what takes longer than CI may. Every scenario on the hardened server, round after round, then
// every weakness once. Prints what each run measured and writes docs/long-tests.md's last result. Exit 1 when the hardened
// server failed anywhere, or a weakness was not caught.
//
// Nobody else should use the cores meanwhile.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { discover } from '../harness/discover.ts'
import type { SampleLine } from '../harness/history/event.ts'
import { quantileOf } from '../harness/history/quantiles.ts'
import { ROOT, type ScenarioRun, Workshop } from './fixtures/cli.ts'
import { allWeaknesses } from './fixtures/weaknesses.ts'

const PAGE = path.join(ROOT, 'docs/long-tests.md')
const MARKS = ['<!-- last result: begin -->', '<!-- last result: end -->'] as const

const rounds = Number(process.argv[2] ?? 10)
const begunMs = Date.now()
using workshop = new Workshop()
const scenarios = (await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))).ids
const weaknesses = await allWeaknesses()

/** Runs whose own counts disagreed, or that gave no answer. */
const broken: string[] = []
const hardened = new Map<string, ScenarioRun[]>(scenarios.map((id) => [id, []]))
for (let round = 1; round <= rounds; round++) {
  for (const [id, runs] of hardened) {
    try {
      const run = await workshop.scenario(id, '--seed', String(round))
      runs.push(run)
      say(`round ${round} of ${rounds}: ${id} ${run.answer.status}${run.answer.exitCode === 0 ? '' : ` (${run.why})`}`)
    } catch (error) {
      broken.push(`round ${round}, ${id}: ${(error as Error).message}`)
      say(broken.at(-1) ?? '')
    }
  }
}
const caught: { id: string; check: string; caught: boolean; says: string }[] = []
for (const { id, value } of weaknesses) {
  const run = await workshop.scenario(value.caughtBy.scenario, '--weaken', id)
  const verdict = run.verdict(value.caughtBy.check)
  caught.push({ id, check: value.caughtBy.check, caught: verdict.status === 'fail', says: verdict.says })
  say(`${id}: ${verdict.check} ${verdict.status}: ${verdict.says}`)
}

const verdicts = [...hardened.values()].flat().flatMap((run) => run.answer.checks)
const failed = verdicts.filter(({ status }) => status === 'fail').length
const unknown = verdicts.filter(({ status }) => status === 'unknown').length
const missed = caught.filter((one) => !one.caught).length
const text = page()
const [before, after] = readFileSync(PAGE, 'utf8').split(new RegExp(`${MARKS[0]}[\\s\\S]*${MARKS[1]}`))
writeFileSync(PAGE, `${before}${MARKS[0]}\n${text}\n${MARKS[1]}${after}`)
process.stdout.write(`${text}\n`)
process.exitCode = failed + missed + broken.length > 0 ? 1 : 0

function page(): string {
  const commit = execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  return [
    `${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${os.availableParallelism()} cores, ${os.type()} ${os.release()}, Node ${process.versions.node}, \`npm run test:long ${rounds}\`, ${Math.round((Date.now() - begunMs) / 60_000)} minutes:`,
    `${verdicts.length} verdicts of the hardened server, ${failed} failed, ${unknown} unknown; ${caught.length - missed} of ${caught.length} weaknesses caught; ${broken.length} runs whose own counts disagreed.`,
    ...broken.map((text) => `- ${text}`),
    '',
    '| scenario, hardened | runs | held | failed | unknown | why unknown | lateness p50, ms | lateness p99, ms (median, worst) | harness RSS, MB (worst) |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...hardened].map(([id, runs]) => row(id, runs)),
    '',
    '| weakness | check | caught | measured |',
    '| --- | --- | --- | --- |',
    ...caught.map((one) => `| ${one.id} | ${one.check} | ${one.caught ? 'yes' : 'NO'} | ${one.says.replaceAll('|', '\\|')} |`),
  ].join('\n')
}

function row(id: string, runs: ScenarioRun[]): string {
  const count = (exitCode: number) => runs.filter(({ answer }) => answer.exitCode === exitCode).length
  const late = runs.map(latenessMs)
  const p99s = late.map((values) => quantileOf(values, 0.99))
  const why = runs.flatMap((run) => (run.answer.exitCode === 2 ? [run.why.replaceAll('\n', '; ')] : []))
  const figures = [
    quantileOf(late.flat(), 0.5),
    `${Math.round(quantileOf(p99s, 0.5))}, ${Math.round(Math.max(...p99s))}`,
    Math.max(...runs.map(rssMb)),
  ]
  return `| ${[id, runs.length, count(0), count(1), count(2), why.join(' / ') || 'none', ...figures].join(' | ')} |`
}

/** Sent minus planned, of the first call of each task. */
function latenessMs(run: ScenarioRun): number[] {
  return run.calls.filter(({ turn, attempt }) => turn === 1 && attempt === 1).map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs)
}

function rssMb(run: ScenarioRun): number {
  const lines = run.history.filter((line): line is SampleLine => line.kind === 'sample' && line.instance === 'harness')
  return Math.round(Math.max(0, ...lines.map(({ values }) => values.rssBytes ?? 0)) / 1_000_000)
}

function say(sentence: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${sentence}\n`)
}
