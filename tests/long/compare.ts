// `npm run compare` on itself: 1,000 comparisons of equal runs, drawn from recorded ones by block bootstrap, ten pairs each; then ten real pairs. A
// false "worse" may come at most once in a hundred, and a planted slowdown of 20 % must be found nine times in ten.
//
// `rounds` is how many real pairs: runaway-loop on the hardened server, the same seed, in turns.

import { assemble } from '../../harness/history/assemble.ts'
import { generatorOf } from '../../harness/history/bootstrap.ts'
import { buildHistory } from '../../harness/history/merge.ts'
import { type Difference, ofWholeRun, overall, type Pair } from '../../harness/study/difference.ts'
import { type Second, secondsOf } from '../../harness/study/windows.ts'
import { Workshop } from '../fixtures/cli.ts'
import { equalRun, slowed } from '../fixtures/equal-runs.ts'
import { BASES, recorded } from '../mutators/recording.ts'

const COMPARISONS = 1_000
const PAIRS = 10
const SLOWDOWN = 1.2
const FALSE_MAX = 0.01
const FOUND_MIN = 0.9

/** @param rounds real pairs. @throws when equal runs are called worse too often, or the slowdown is missed */
export async function run(rounds = 10): Promise<string[]> {
  const { falsely, found } = drawnComparisons(COMPARISONS)
  const real = await realPairs(rounds)
  const said = [
    `${COMPARISONS} comparisons of ${PAIRS} drawn pairs of equal runs: ${percent(falsely)} falsely worse; slowed by 20 %: ${percent(found)} found`,
    ...real.map(
      ({ figure, change, interval, answer }) =>
        `${rounds} real pairs, ${figure}: ${change.toFixed(3)} (${interval.map((end) => end.toFixed(3)).join(' to ')}): ${answer}`,
    ),
  ]
  if (falsely > FALSE_MAX || found < FOUND_MIN || overall(real) === 'worse') throw new Error(said.join('\n'))
  return said
}

/** Shares of comparisons in which equal runs were called worse, and slowed ones were. */
export function drawnComparisons(comparisons: number, pairs = PAIRS): { falsely: number; found: number } {
  const runs = BASES.map((base) => secondsOf(assemble(recorded(base))))
  const unit = generatorOf(11)
  let [falsely, found] = [0, 0]
  for (let n = 0; n < comparisons; n++) {
    const run = runs[n % runs.length] ?? []
    const drawn = (slow: number): Pair[] =>
      Array.from({ length: pairs }, () => ({ before: equalRun(run, unit), after: slowed(equalRun(run, unit), slow) }))
    if (overall(ofWholeRun(drawn(1), n)) === 'worse') falsely++
    if (overall(ofWholeRun(drawn(SLOWDOWN), n)) === 'worse') found++
  }
  return { falsely: falsely / comparisons, found: found / comparisons }
}

async function realPairs(rounds: number): Promise<Difference[]> {
  using workshop = new Workshop()
  const one = async (): Promise<Second[]> => {
    const run = await workshop.scenario('runaway-loop')
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} runaway-loop: ${run.answer.status}\n`)
    return secondsOf(await buildHistory(run.folder))
  }
  const pairs: Pair[] = []
  for (let n = 0; n < rounds; n++) pairs.push({ before: await one(), after: await one() })
  return ofWholeRun(pairs, 1)
}

function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`
}
