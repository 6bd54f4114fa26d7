// Pairs of equal runs that were really made, for `npm run compare`: it must not call them worse. Drawn ones by the thousand: compare.
//
// As somebody compares: the hardened server on each scenario twice in turns with the same seed, one run at a time, nobody beside it. At most
// 1 % of the pairs may be called worse, and no scenario with all its pairs together; how many would be found with the later runs slowed by 20 % is
// told. `rounds` is how many pairs of each scenario: two take forty minutes.
import path from 'node:path'
import { discover } from '../../harness/discover.ts'
import type { History } from '../../harness/history/history.ts'
import { ofWholeRun, overall, type Pair } from '../../harness/study/difference.ts'
import { type Second, secondsOf } from '../../harness/study/windows.ts'
import { ROOT, type ScenarioRun } from '../fixtures/cli.ts'
import { slowed } from '../fixtures/equal-runs.ts'
import { type HardenedRun, keyOf, makeRuns } from '../fixtures/hardened-runs.ts'
import { KeptRuns } from '../fixtures/kept-runs.ts'
import { SLOWDOWN } from './compare.ts'

const FALSELY_WORSE_MAX = 0.01

/** Maps and arrays as lists, since it is kept as JSON. */
interface Measured {
  /** Else it proves nothing beside another. */
  loadOffered: boolean
  seconds: (Omit<Second, 'roles' | 'times'> & { roles: [string, { served: number; logMs: number }][]; times: number[] })[]
}

/** @throws when equal runs are called worse too often */
export async function run(rounds = 2): Promise<string> {
  const { ids: scenarios } = await discover<{ kind: 'scenario' }>('scenario', path.join(ROOT, 'scenarios'))
  const kept = new KeptRuns<HardenedRun<Measured>>('pairs.ndjson', keyOf)
  const wanted = Array.from({ length: rounds }, (_, n) =>
    scenarios.flatMap((scenario) => [2 * n + 1, 2 * n + 2].map((round) => ({ scenario, scale: 'quick' as const, round, seed: n + 1 }))),
  ).flat()
  await makeRuns(wanted, kept, measure)

  const pairsOf = (scenario: string): Pair[] =>
    Array.from({ length: rounds }, (_, n) => 2 * n + 1).flatMap((round) => {
      const [before, after] = [round, round + 1].map((of) => secondsIn(kept.get(keyOf({ scenario, round: of }))))
      return before && after ? [{ before, after }] : []
    })
  const all = scenarios.map((scenario) => ({ scenario, pairs: pairsOf(scenario) })).filter(({ pairs }) => pairs.length > 0)
  const each = all.flatMap(({ scenario, pairs }) => pairs.map((pair) => ({ scenario, answer: answerOf([pair]) })))
  const count = (answer: string) => each.filter((one) => one.answer === answer).length
  const worse = each.filter(({ answer }) => answer === 'worse').map(({ scenario }) => scenario)
  const together = all.filter(({ pairs }) => answerOf(pairs) === 'worse').map(({ scenario }) => scenario)
  const slower = all.filter(
    ({ pairs }) => answerOf(pairs.map(({ before, after }) => ({ before, after: slowed(after, SLOWDOWN) }))) === 'worse',
  )
  const said = [
    `${kept.where}: ${each.length} pairs of equal runs, one at a time: ${worse.length} falsely worse${worse.length > 0 ? ` (${worse.join(', ')})` : ''},`,
    `${count('better')} falsely better, ${count('no difference shown')} no difference shown, ${count('cannot tell')} cannot tell.`,
    `All pairs of a scenario together: ${together.length} of ${all.length} falsely worse; the later ones slowed by 20 %: ${slower.length} of ${all.length} found.`,
  ].join(' ')
  if (each.length === 0 || worse.length > FALSELY_WORSE_MAX * each.length || together.length > 0) throw new Error(said)
  return said
}

function answerOf(pairs: readonly Pair[]) {
  return overall(ofWholeRun(pairs, 1))
}

function secondsIn(run: HardenedRun<Measured> | undefined): Second[] | undefined {
  if (!run?.measured?.loadOffered) return undefined
  return run.measured.seconds.map((second) => ({ ...second, roles: new Map(second.roles), times: Uint32Array.from(second.times) }))
}

function measure({ statuses }: ScenarioRun, history: History): Measured {
  return {
    loadOffered: statuses['load-offered'] !== 'unknown',
    seconds: secondsOf(history).map((second) => ({ ...second, roles: [...second.roles], times: [...second.times] })),
  }
}
