// `npm run compare` on runs of one and the same server: ten real pairs, taken in turns. They must
// not be called worse; with the later ones slowed by 20 % afterwards they must. And of all that can
// be asked of these runs, each held against each other alone, at most 1 % may be falsely worse.
//
// `rounds` is how many pairs: runaway-loop on the hardened server, always the same seed. About a minute a pair.
import { buildHistory } from '../../harness/history/merge.ts'
import { type Difference, ofWholeRun, overall, type Pair } from '../../harness/study/difference.ts'
import { type Second, secondsOf } from '../../harness/study/windows.ts'
import { Workshop } from '../fixtures/cli.ts'
import { slowed } from '../fixtures/equal-runs.ts'
import { percent, SLOWDOWN } from './compare.ts'

const FALSE_MAX = 0.01

/** @throws when equal runs are called worse, or slowed ones are not */
export async function run(rounds = 10): Promise<string[]> {
  const runs = await taken(2 * rounds)
  const pairs = runs.flatMap((before, n): Pair[] => (n % 2 === 0 ? [{ before, after: runs[n + 1] ?? [] }] : []))
  const equal = ofWholeRun(pairs, 1)
  const slower = overall(
    ofWholeRun(
      pairs.map(({ before, after }) => ({ before, after: slowed(after, SLOWDOWN) })),
      1,
    ),
  )
  const alone = runs.flatMap((before) => runs.flatMap((after) => (after === before ? [] : [overall(ofWholeRun([{ before, after }], 1))])))
  const falsely = alone.filter((answer) => answer === 'worse').length / alone.length
  const said = [
    ...equal.map((one) => `${rounds} real pairs, ${textOf(one)}`),
    `the later ones slowed by 20 %: ${slower}`,
    `each of the ${runs.length} held against each other alone, ${alone.length} comparisons: ${percent(falsely)} falsely worse`,
  ]
  if (overall(equal) === 'worse' || slower !== 'worse' || falsely > FALSE_MAX) throw new Error(said.join('\n'))
  return said
}

async function taken(count: number): Promise<Second[][]> {
  using workshop = new Workshop()
  const runs: Second[][] = []
  while (runs.length < count) {
    const run = await workshop.measured('runaway-loop')
    runs.push(secondsOf(await buildHistory(run.folder)))
    process.stderr.write(`${new Date().toISOString().slice(11, 19)} run ${runs.length} of ${count}: ${run.answer.status}\n`)
  }
  return runs
}

function textOf({ figure, change, interval, answer }: Difference): string {
  return `${figure}: ${change.toFixed(3)} (${interval.map((end) => end.toFixed(3)).join(' to ')}): ${answer}`
}
