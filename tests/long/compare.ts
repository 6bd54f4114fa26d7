// `npm run compare` on itself: 1,000 comparisons of equal runs, drawn from recorded ones by block
// bootstrap, ten pairs each. A false "worse" may come at most once in a hundred, and a planted
// slowdown of 20 % must be found nine times in ten. Runs that were really taken: pairs.
//
// `rounds` is how many comparisons.
import { assemble } from '../../harness/history/assemble.ts'
import { generatorOf } from '../../harness/history/bootstrap.ts'
import { ofWholeRun, overall, type Pair } from '../../harness/study/difference.ts'
import { secondsOf } from '../../harness/study/windows.ts'
import { equalRun, slowed } from '../fixtures/equal-runs.ts'
import { BASES, recorded } from '../mutators/recording.ts'

const COMPARISONS = 1_000
const PAIRS = 10
export const SLOWDOWN = 1.2
const FALSE_MAX = 0.01
const FOUND_MIN = 0.9

/** @throws when equal runs are called worse too often, or the slowdown is missed */
export async function run(rounds = COMPARISONS): Promise<string> {
  const { falsely, found } = drawnComparisons(rounds)
  const said = `${rounds} comparisons of ${PAIRS} drawn pairs of equal runs: ${percent(falsely)} falsely worse; slowed by 20 %: ${percent(found)} found`
  if (falsely > FALSE_MAX || found < FOUND_MIN) throw new Error(said)
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

export function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`
}
