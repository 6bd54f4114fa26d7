// History → verdicts, pure. Gates come first: load-offered, fault-felt (where the plan has faults) and baseline-steady, whether the
// scenario names them or not. A gate that does not hold turns what rests on it into unknown; it never erases what an exact
// check has witnessed. A check that crashes is unknown, and so is a pass of a run that was stopped before its end. Where generators' clocks
// are not known well enough, what rests on time is unknown; exact checks stand, since they compare no two clocks.
import type { Units } from '../discover.ts'
import { collectGrown } from '../history/collect.ts'
import { SCHEMA_VERSION } from '../history/event.ts'
import { uncertainClock } from '../history/fleet.ts'
import type { History } from '../history/history.ts'
import { resolve } from '../parameters.ts'
import type { Plan } from '../plan/plan.ts'
import type { CheckDefinition, Finding, Verdict, Verdicts } from './check.ts'
import { conclude } from './conclusion.ts'
import { afterStills } from './stood-still.ts'

const WITNESSES_MAX = 20
const GATES = ['load-offered', 'fault-felt', 'baseline-steady']

/**
 * @param checks every check there is, by id
 * @returns a verdict for each gate and each check of the plan; never throws for what a history holds
 */
export function judge(history: History, checks: Units<CheckDefinition>): Verdicts {
  const { manifest, plan } = history
  const asked = new Map(plan.checks.map(({ check, limits }) => [check, limits]))
  const found = checksOf(plan).map((id) => {
    const verdict = judgeOne(history, id, checks, asked.get(id) ?? {})
    collectGrown()
    return { definition: checks.all.find((unit) => unit.id === id)?.value, verdict }
  })
  const shut = found.filter(({ verdict }) => verdict.sort === 'gate' && verdict.status === 'unknown').map(({ verdict }) => verdict)
  const clock = manifest.fleet?.map(uncertainClock).find((why) => why !== undefined)
  const verdicts = found.map(({ verdict, definition }) => afterClock(afterGates(verdict, shut, definition, manifest.state), clock))
  const compares = found.some(({ definition }) => definition?.comparesWithBaseline)
  return {
    schemaVersion: SCHEMA_VERSION,
    run: manifest.run,
    scenario: manifest.scenario,
    target: manifest.target,
    seed: manifest.seed,
    scale: manifest.scale,
    ...(manifest.weaken !== undefined && { weaken: manifest.weaken }),
    ...conclude(verdicts.map((verdict) => ({ verdict, counts: compares || verdict.check !== 'baseline-steady' }))),
    verdicts,
  }
}

/** The gates, then what the plan asks for. */
export function checksOf({ checks, faults }: Plan): string[] {
  const gates = GATES.filter((id) => id !== 'fault-felt' || faults.length > 0)
  return [...new Set([...gates, ...checks.map(({ check }) => check)])]
}

function judgeOne(history: History, id: string, checks: Units<CheckDefinition>, limits: Record<string, number | string>): Verdict {
  const definition = checks.all.find((unit) => unit.id === id)?.value
  const essential = history.plan.essential.includes(id)
  if (!definition) return stranger(id, essential)
  const missing = definition.needs.find((need) => history.manifest.offers[need] !== true)
  const blank = blankOf(id, definition, essential)
  const line = missing === undefined ? undefined : { addLine: String(history.manifest.offers[missing] ?? missing) }
  try {
    const values = resolve(`check ${id}`, definition.limits, limits)
    const ask = (of: History) => (line ? definition.fromOutside?.(of, values) : definition.judge(of, values))
    const found = afterStills(history, ask)
    const addLine = found && unpromisedLine(history, found, essential)
    if (found && addLine !== undefined)
      return { ...blank, essential: essential && !found.notExercised, status: 'not-judged', addLine, says: found.says, because: found.says }
    if (found) return { ...blank, ...line, ...finish(withPresent(history, line ? { evidence: 'inferred', ...found } : found), essential) }
    return { ...blank, ...line, status: 'not-judged', says: `the target does not show ${missing}` }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return {
      ...blank,
      status: 'unknown',
      says: `the check crashed: ${text}`,
      because: 'the check crashed, which is a fault of the harness',
    }
  }
}

function blankOf(check: string, definition: CheckDefinition, essential: boolean): Verdict {
  const { code, title, sort, why, remedy, source } = definition
  return {
    check,
    code,
    title,
    sort,
    status: 'unknown',
    essential,
    why,
    remedy,
    source,
    samples: 0,
    says: '',
    witnesses: [],
    exhibits: [],
    evidence: 'direct',
  }
}

/** A plan of another version may name checks that are not there. */
function stranger(check: string, essential: boolean): Verdict {
  const because = `this harness has no check ${JSON.stringify(check)}`
  const remedy = { control: 'the harness', do: 'Judge the folder with the commit that is named in its manifest.json.' }
  return {
    check,
    code: '?',
    title: check,
    sort: 'exact',
    status: 'unknown',
    essential,
    why: because,
    remedy,
    source: 'the plan',
    samples: 0,
    says: because,
    because,
    witnesses: [],
    exhibits: [],
    evidence: 'direct',
  }
}

/**
 * An essential check had nothing to look at, and the target never said that there would be; or any had something, and the target never
 * said what to hold it against: the line by which it would.
 */
function unpromisedLine({ manifest }: History, { status, notExercised, promisedBy }: Finding, essential: boolean): string | undefined {
  if (promisedBy === undefined || !(status === 'unknown' || (essential && notExercised))) return undefined
  const offer = manifest.offers[promisedBy]
  return offer === true ? undefined : (offer ?? promisedBy)
}

/** What the harness gave the server is what a setting is now, whatever was declared. */
function withPresent({ manifest }: History, finding: Finding): Finding {
  if (!finding.advice) return finding
  return {
    ...finding,
    advice: finding.advice.map((one) => {
      const given = manifest.settings?.[one.setting]
      return given === undefined ? one : { ...one, present: given }
    }),
  }
}

function finish(
  { promisedBy: _told, timed: _asked, ...finding }: Finding,
  essential: boolean,
): Omit<Finding, 'status'> & Pick<Verdict, 'status' | 'witnesses' | 'exhibits' | 'evidence' | 'margin' | 'because'> {
  const margin = marginOf(finding)
  const hollow = finding.notExercised && essential
  return {
    ...finding,
    ...(hollow && { status: 'unknown' as const, because: `essential, but not exercised: ${finding.says}` }),
    ...(!hollow && finding.status === 'unknown' && { because: finding.says }),
    ...(margin !== undefined && { margin }),
    witnesses: (finding.witnesses ?? []).slice(0, WITNESSES_MAX),
    exhibits: (finding.exhibits ?? []).slice(0, WITNESSES_MAX),
    evidence: finding.evidence ?? 'direct',
  }
}

/** Which way is better differs from check to check; the status says on which side of the limit the figure lies. */
function marginOf({ measured, limit, status, notExercised }: Finding): number | undefined {
  if (measured === undefined || !limit || notExercised || status === 'unknown') return undefined
  const apart = Math.abs(limit - measured) / Math.abs(limit)
  return Math.round((status === 'pass' ? apart : -apart) * 1_000) / 1_000
}

function afterGates(verdict: Verdict, shut: readonly Verdict[], definition: CheckDefinition | undefined, state: string): Verdict {
  const firm = verdict.status === 'fail' && verdict.sort === 'exact'
  if (firm || verdict.status === 'not-judged' || verdict.status === 'unknown') return verdict
  if (state !== 'complete') return { ...verdict, status: 'unknown', because: 'the run was stopped before its end' }
  if (verdict.sort === 'gate') return verdict
  const gate = shut.find(({ check }) => check !== 'baseline-steady' || definition?.comparesWithBaseline)
  if (!gate) return verdict
  const would = verdict.status === 'pass' ? 'it would have passed' : 'it would have failed'
  return { ...verdict, status: 'unknown', because: `${gate.check} does not hold (${gate.says}); ${would}` }
}

function afterClock(verdict: Verdict, because: string | undefined): Verdict {
  const rests = (verdict.sort === 'statistical' || verdict.sort === 'event') && (verdict.status === 'pass' || verdict.status === 'fail')
  return rests && because !== undefined ? { ...verdict, status: 'unknown', because } : verdict
}
