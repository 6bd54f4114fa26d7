// Every scenario on the hardened server, round after round: how often it is wrongly failed, how often nobody can tell, how late the
// generator was and what the harness took. The weaknesses are `npm run matrix`. Two rounds at a time have the same seed, so that their runs
// are pairs of equal runs, for `npm run compare`: it must not call them worse, and must when the later ones are slowed by 20 %.
//
// Two runs at a time, each with the other for a noisy neighbour: half the time, and nearer to where such a tool is used. While the host
// takes the cores none begins, and one from which it took more than a twentieth is made again, at most twice: what it found is told apart.
// Writes the last result into docs/long-tests.md. No verdict may fail, in these neither; of all others that are judged at most 5 % may be
// unknown (ours), and of the pairs at most 1 % worse. `rounds`, an even number: ten take an hour.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import type { History } from '../../harness/history/history.ts'
import { latenessMs } from '../../harness/history/lateness.ts'
import { buildHistory } from '../../harness/history/merge.ts'
import { quantileOf } from '../../harness/history/quantiles.ts'
import { ofWholeRun, overall, type Pair } from '../../harness/study/difference.ts'
import { type Second, secondsOf } from '../../harness/study/windows.ts'
import { ROOT, type ScenarioRun, Workshop } from '../fixtures/cli.ts'
import { slowed } from '../fixtures/equal-runs.ts'
import { KeptRuns } from '../fixtures/kept-runs.ts'
import { STOLEN_MAX, untilHostIsQuiet, withStolenShare } from '../fixtures/quiet-host.ts'
import { SLOWDOWN } from './compare.ts'

const PAGE = path.join(ROOT, 'docs/long-tests.md')
const MARKS = ['<!-- last result: begin -->', '<!-- last result: end -->'] as const
const UNKNOWN_MAX = 0.05
const FALSELY_WORSE_MAX = 0.01
const AT_ONCE = 2
const DISTURBED_MAX = 2
const WHY_CHARACTERS_MAX = 160

interface Wanted {
  scenario: string
  round: number
}

/** What is kept of a run, once its folder is gone. */
interface Measured {
  exitCode: number
  why: string
  statuses: string[]
  /** Else it proves nothing beside another, as in `npm run compare`. */
  loadOffered: boolean
  /** Sent minus planned, of the first call of each task. */
  latenessMs: { p50: number; p99: number }
  rssMb: number
  /** For compare; maps and arrays as lists. */
  seconds: (Omit<Second, 'roles' | 'times'> & { roles: [string, { served: number; logMs: number }][]; times: number[] })[]
}

interface Tried {
  /** Why nothing was measured, such as counts that disagree. */
  problem?: string
  measured?: Measured
}

interface NoiseRun extends Wanted, Tried {
  commit: string
  tookS: number
  /** The times before, of which the host took the cores. */
  disturbed: Tried[]
}

const keyOf = ({ scenario, round }: Wanted) => `${scenario} ${round}`

/** @param rounds of all scenarios. @returns the page's tables. @throws when a verdict failed, or too many were unknown */
export async function run(rounds = 10): Promise<string> {
  const { ids: scenarios } = await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))
  const kept = new KeptRuns<NoiseRun>('noise.ndjson', keyOf)
  const wanted = inTurns(scenarios, rounds)
  const waiting = wanted.values()
  await Promise.all(Array.from({ length: AT_ONCE }, () => work(waiting, kept)))

  const runs = wanted.flatMap((one) => kept.get(keyOf(one)) ?? [])
  const broken = runs.flatMap(({ scenario, round, problem, disturbed }) =>
    [{ problem }, ...disturbed].flatMap((tried) => (tried.problem === undefined ? [] : [{ scenario, round, problem: tried.problem }])),
  )
  const all = counted(runs)
  const disturbed = counted(runs.flatMap((one) => one.disturbed))
  const minutes = Math.round(runs.reduce((sum, { tookS }) => sum + tookS, 0) / AT_ONCE / 60)
  const compared = comparedBy(scenarios, runs)
  const text = [
    `${new Date().toISOString().slice(0, 10)}, ${kept.where}, \`npm run test:long -- noise ${rounds}\`, ${minutes} minutes, ${AT_ONCE} runs at a time:`,
    `${told(all)}; ${broken.length} runs whose own counts disagreed.`,
    `${disturbed.runs} runs more, of which the host took over ${STOLEN_MAX * 100} % of the CPU, were made again: ${told(disturbed)}.`,
    `${compared.pairs} pairs of equal runs: ${compared.worse} falsely worse. All pairs of a scenario together: ${compared.worseTogether} of ${scenarios.length} falsely worse; the later ones slowed by 20 %: ${compared.found} of ${scenarios.length} found.`,
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
  const falsely = compared.worseTogether > 0 || compared.worse > FALSELY_WORSE_MAX * compared.pairs
  if (all.failed + disturbed.failed > 0 || all.unknown > UNKNOWN_MAX * all.judged || broken.length > 0 || falsely) throw new Error(text)
  return text
}

function counted(runs: readonly Tried[]) {
  const statuses = runs.flatMap(({ measured }) => measured?.statuses ?? [])
  const count = (status: string) => statuses.filter((one) => one === status).length
  return { runs: runs.length, judged: statuses.length - count('not-judged'), failed: count('fail'), unknown: count('unknown') }
}

function told({ judged, failed, unknown }: ReturnType<typeof counted>): string {
  return `${judged} verdicts of the hardened server, ${failed} failed, ${unknown} unknown`
}

/** Two neighbours of the list run side by side: the two runs of a pair one after the other, each beside the same other scenario. */
function inTurns(scenarios: readonly string[], rounds: number): Wanted[] {
  return Array.from({ length: rounds / 2 }, (_, pair) => {
    const rotated = [...scenarios.slice(pair), ...scenarios.slice(0, pair)]
    const couples = Array.from({ length: Math.ceil(rotated.length / AT_ONCE) }, (_, n) => rotated.slice(n * AT_ONCE, (n + 1) * AT_ONCE))
    const round = 2 * pair + 1
    return couples.flatMap((couple) => [round, round + 1].flatMap((of) => couple.map((scenario) => ({ scenario, round: of }))))
  }).flat()
}

function comparedBy(scenarios: readonly string[], runs: readonly NoiseRun[]) {
  const secondsIn = (scenario: string, round: number): Second[] | undefined =>
    runs
      .find((run) => run.scenario === scenario && run.round === round && run.measured?.loadOffered)
      ?.measured?.seconds.map((second) => ({ ...second, roles: new Map(second.roles), times: Uint32Array.from(second.times) }))
  const pairsOf = (scenario: string): Pair[] =>
    runs
      .filter((run) => run.scenario === scenario && run.round % 2 === 1)
      .flatMap(({ round }) => {
        const [before, after] = [secondsIn(scenario, round), secondsIn(scenario, round + 1)]
        return before && after ? [{ before, after }] : []
      })
  const isWorse = (pairs: readonly Pair[]) => overall(ofWholeRun(pairs, 1)) === 'worse'
  const all = scenarios.map(pairsOf).filter((pairs) => pairs.length > 0)
  const slower = all.map((pairs) => pairs.map(({ before, after }) => ({ before, after: slowed(after, SLOWDOWN) })))
  return {
    pairs: all.flat().length,
    worse: all.flat().filter((pair) => isWorse([pair])).length,
    worseTogether: all.filter(isWorse).length,
    found: slower.filter(isWorse).length,
  }
}

async function work(waiting: Iterable<Wanted>, kept: KeptRuns<NoiseRun>): Promise<void> {
  using workshop = new Workshop()
  for (const one of waiting) {
    if (kept.get(keyOf(one))) continue
    await untilHostIsQuiet()
    const begunMs = Date.now()
    const found = await undisturbed(workshop, one)
    kept.add({ commit: kept.commit, ...one, tookS: Math.round((Date.now() - begunMs) / 1_000), ...found })
    const { exitCode, why } = found.measured ?? { exitCode: undefined, why: found.problem }
    process.stderr.write(
      `${new Date().toISOString().slice(11, 19)} round ${one.round}, ${one.scenario}: ${exitCode === 0 ? 'held' : why}\n`,
    )
  }
}

async function undisturbed(workshop: Workshop, one: Wanted): Promise<Pick<NoiseRun, 'measured' | 'problem' | 'disturbed'>> {
  const disturbed: Tried[] = []
  for (;;) {
    const { value, stolen } = await withStolenShare(() => tried(workshop, one))
    if (stolen <= STOLEN_MAX || disturbed.length === DISTURBED_MAX) return { ...value, disturbed }
    disturbed.push(value)
    await untilHostIsQuiet()
  }
}

async function tried(workshop: Workshop, { scenario, round }: Wanted): Promise<Tried> {
  try {
    const run = await workshop.scenario(scenario, '--seed', String(Math.ceil(round / 2)))
    const measured = measure(run, await buildHistory(run.folder))
    rmSync(run.folder, { recursive: true, force: true })
    return { measured }
  } catch (error) {
    return { problem: (error as Error).message }
  }
}

function measure({ answer, statuses, why }: ScenarioRun, history: History): Measured {
  const lateMs = latenessMs(history)
  const own = history.samples.filter(({ instance }) => instance === 'harness')
  return {
    exitCode: answer.exitCode,
    why: why.replaceAll('\n', '; '),
    statuses: Object.values(statuses),
    loadOffered: statuses['load-offered'] !== 'unknown',
    latenessMs: { p50: quantileOf(lateMs, 0.5), p99: quantileOf(lateMs, 0.99) },
    rssMb: Math.round(Math.max(0, ...own.map(({ values }) => values.rssBytes ?? 0)) / 1_000_000),
    seconds: secondsOf(history).map((second) => ({ ...second, roles: [...second.roles], times: [...second.times] })),
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
