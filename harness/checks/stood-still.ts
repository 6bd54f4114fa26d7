// A fail is held against nobody where the machine stood still meanwhile and that explains it: the check is asked again without those
// moments, and when it does not fail then, nobody knows. What is counted stays a fail, and so does what is too long without them.
import type { History } from '../history/history.ts'
import { stillsOf, stillsSaid, withoutStills } from '../history/stills.ts'
import type { Finding, Verdict } from './check.ts'

/** @param ask the check, of a history */
export function afterStills(
  history: History,
  ask: (history: History) => Finding | undefined,
): (Finding & Pick<Verdict, 'stoodStill'>) | undefined {
  const found = ask(history)
  if (found?.status !== 'fail' || !found.timed) return found
  const without = withoutStills(history)
  if (without === history || ask(without)?.status === 'fail') return found
  const says = `${found.says}; but the machine stood still ${stillsSaid(stillsOf(history))}, which explains it: run it again`
  return { ...found, status: 'unknown', says, stoodStill: true }
}
