// Many verdicts → one status, exit code and headline. Worst wins: fail, unknown, pass. What was not judged changes nothing,
// unless it was essential or nothing else was judged either: then the run has said nothing.
import type { Verdict, Verdicts } from './check.ts'

/** A verdict, and whether its being unknown matters to the run: that of a gate on which nothing rests does not. */
interface Weighed {
  verdict: Verdict
  counts: boolean
}

export function conclude(weighed: readonly Weighed[]): Pick<Verdicts, 'status' | 'exitCode' | 'headline'> {
  const verdicts = weighed.map(({ verdict }) => verdict)
  const failed = verdicts.filter(({ status }) => status === 'fail')
  const unclear = weighed.filter(({ verdict, counts }) => counts && verdict.status === 'unknown').map(({ verdict }) => verdict)
  const skipped = verdicts.filter(({ status }) => status === 'not-judged')
  const judged = verdicts.filter(({ status, notExercised }) => status !== 'not-judged' && !(notExercised && status === 'pass'))
  const missed = skipped.filter(({ essential }) => essential)
  const nothing = judged.every(({ sort }) => sort === 'gate')
  const inferred = judged.filter(({ evidence }) => evidence === 'inferred').length
  const outside = inferred > 0 ? `, ${inferred} of them from outside` : ''
  const tail = ` (${judged.length} of ${verdicts.length} judged${outside}${skipped.length > 0 ? `, ${skipped.length} not judged: the target does not show enough` : ''})`
  const [firstFailed] = failed
  if (firstFailed) return { status: 'fail', exitCode: 1, headline: `${names(failed)} failed: ${firstFailed.says}${tail}` }
  const [firstUnclear] = unclear
  if (firstUnclear)
    return {
      status: 'unknown',
      exitCode: 2,
      headline: `cannot tell, ${names(unclear)} unknown: ${firstUnclear.because ?? firstUnclear.says}${tail}`,
    }
  if (missed.length > 0)
    return { status: 'unknown', exitCode: 2, headline: `cannot tell: ${names(missed)}, essential to this scenario, was not judged${tail}` }
  if (nothing) return { status: 'unknown', exitCode: 2, headline: `nothing was judged${tail}` }
  const [silent] = skipped.flatMap(({ because }) => because ?? [])
  const notJudged = skipped.length > 0 ? `; ${skipped.length} not judged${silent === undefined ? '' : ` (${silent})`}` : ''
  return { status: 'pass', exitCode: 0, headline: `${judged.length} of ${verdicts.length} judged${outside}, all held${notJudged}` }
}

function names(verdicts: readonly Verdict[]): string {
  const ids = verdicts.map(({ check }) => check)
  return ids.length > 1 ? `${ids.slice(0, -1).join(', ')} and ${ids.at(-1)}` : ids.join('')
}
