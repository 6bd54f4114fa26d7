// A run as it stands among others: what the page of all runs knows of it, from its manifest and its verdicts alone, so that a shelf of many
// runs is read in no time. Runs of one scenario against one target are a series. Pure.
import type { Verdict, Verdicts } from '../../checks/check.ts'

export interface RunCard {
  /** Its folder below the shelf, with `/` between the names. */
  id: string
  verdicts: Verdicts
  /** ISO 8601. */
  startedAt: string
  /** Where, with what, by whom: `commit`, `versions.k6`, `settings.POOL_CHEAP`. */
  facts: Record<string, string>
  /** Files to look at, of those that there may be. */
  files: readonly string[]
}

/** A folder that looks like a run's and cannot be read as one. */
export interface DamagedRun {
  id: string
  problem: string
}

export interface Shelf {
  /** As it was asked for. */
  folder: string
  runs: readonly RunCard[]
  damaged: readonly DamagedRun[]
  /** Folders that were not looked into, since there are too many. */
  left: number
}

export interface Series {
  scenario: string
  target: string
  /** A server that was weakened on purpose is another one. */
  weaken?: string
  /** Newest first. */
  runs: RunCard[]
}

/** The series with the newest run first. */
export function seriesOf(runs: readonly RunCard[]): Series[] {
  const newest = [...runs].sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : a.id < b.id ? 1 : -1))
  const groups = Map.groupBy(newest, ({ verdicts }) => JSON.stringify([verdicts.scenario, verdicts.target, verdicts.weaken]))
  return [...groups.values()].map((all) => {
    const { scenario = '', target = '', weaken } = all[0]?.verdicts ?? {}
    return { scenario, target, ...(weaken !== undefined && { weaken }), runs: all }
  })
}

/** The run before this one in its series. */
export function runBefore({ runs }: Series, run: RunCard): RunCard | undefined {
  return runs[runs.indexOf(run) + 1]
}

/** Checks whose figures are worth a line over time: measured in some run, gates left out; those that failed lately first. */
export function keyChecks({ runs }: Series, most: number): Verdict[] {
  const found = new Map<string, { verdict: Verdict; failed: number }>()
  runs.forEach(({ verdicts }, age) => {
    for (const verdict of verdicts.verdicts) {
      if (verdict.sort === 'gate' || verdict.measured === undefined) continue
      const known = found.get(verdict.check) ?? { verdict, failed: Number.POSITIVE_INFINITY }
      if (verdict.status === 'fail') known.failed = Math.min(known.failed, age)
      found.set(verdict.check, known)
    }
  })
  return [...found.values()]
    .sort((a, b) => a.failed - b.failed || Number(b.verdict.essential) - Number(a.verdict.essential))
    .slice(0, most)
    .map(({ verdict }) => verdict)
}
