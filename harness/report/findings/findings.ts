// For the one who mends the server, often a coding agent: each check that failed with what was measured, the limit, two calls whole,
// the control and the setting at fault, and the command that proves the fix; beside them the run in figures, and clues. Data, from the
// history and the verdicts alone; markdown.ts writes it down, `npm run explain <run> -- --json` gives it as it is.
// Not modelled: the server's code, which the reader has.
import type { Verdict, Verdicts } from '../../checks/check.ts'
import type { CallLogs } from '../../history/call-log.ts'
import { faultsOf } from '../../history/faults.ts'
import { type FullPool, fullPools } from '../../history/full-pools.ts'
import type { History } from '../../history/history.ts'
import type { Manifest } from '../../history/manifest.ts'
import type { OwnLines } from '../../history/server-said.ts'
import { ordered, reason, sentence } from '../words.ts'
import { chosenOf, witnessCalls } from './chosen.ts'
import { causesFirst, followsOf } from './follows.ts'
import { type FigureRow, phaseFigures } from './phase-figures.ts'
import { signsOf } from './signs.ts'
import { whereTimeWent } from './stages.ts'
import { type Witness, witnessOf } from './witness.ts'

const FINDINGS_VERSION = 1

export interface Setting {
  /** As the reference server calls it. */
  name: string
  /** As the server was started with it, or as the target declares it. */
  present?: string
  /** The harness started the server with it, by this name; else `name` is what the reference server calls it. */
  given: boolean
  suggested: string
}

export interface FailedCheck {
  check: string
  code: string
  title: string
  sort: Verdict['sort']
  says: string
  measured?: number
  limit?: number
  unit?: string
  /** Distance to the limit as a share of it: negative is excess. */
  margin?: number
  samples: number
  evidence: 'direct' | 'inferred'
  why: string
  source: string
  control: string
  do: string
  settings: Setting[]
  /** Failed checks from which this one may follow, as the history shows. */
  follows: string[]
  /** The stage that took most of its witnesses' time, in a sentence. */
  timeWent?: string
  /** Entry of the runbook, and where that lies when the target says so. */
  runbook?: { entry: string; at?: string }
  exhibits: string[]
  /** Calls that show it, in all. */
  witnessCount: number
  witnesses: Witness[]
}

export interface Findings {
  schemaVersion: number
  run: string
  scenario: string
  target: string
  weaken?: string
  status: Verdicts['status']
  sentence: string
  /** Repeats the run; the fix is proved when it exits with 0. */
  command: string
  load: { calls: number; agents: number; protocol: string; phases: { name: string; fromMs: number; toMs: number }[] }
  declared: Manifest['declared']
  /** Pools that were full while callers waited, and so each one's size. */
  pools: FullPool[]
  faults: { fault: string; fromMs: number; toMs: number; parameters: Record<string, unknown> }[]
  failed: FailedCheck[]
  /** Checks that held: they are not to be broken by the fix. */
  held: { check: string; says: string }[]
  unknown: { check: string; because: string }[]
  notJudged: { check: string; addLine: string }[]
  figures: FigureRow[]
  signs: string[]
  serverSaid: readonly OwnLines[]
  notes: string[]
}

/** @param logs lines of the calls that `findingCalls` names; of others too does no harm */
export function findingsOf(history: History, verdicts: Verdicts, logs: CallLogs): Findings {
  const { manifest, plan, calls } = history
  const all = ordered(verdicts.verdicts)
  const chosen = chosenOf(history, all)
  const failed = all.filter(({ status }) => status === 'fail')
  const follows = followsOf(failed)
  return {
    schemaVersion: FINDINGS_VERSION,
    run: verdicts.run,
    scenario: verdicts.scenario,
    target: verdicts.target,
    ...(verdicts.weaken !== undefined && { weaken: verdicts.weaken }),
    status: verdicts.status,
    sentence: sentence(verdicts),
    command: manifest.command,
    load: {
      calls: calls.length,
      agents: plan.agents.length,
      protocol: manifest.protocol,
      phases: plan.phases.map(({ name, fromMs, toMs }) => ({ name, fromMs, toMs })),
    },
    declared: manifest.declared,
    pools: fullPools(history),
    faults: faultsOf(history)
      .filter(({ lines }) => lines.length > 0)
      .map(({ fault, fromMs, toMs, parameters }) => ({ fault, fromMs, toMs, parameters })),
    failed: causesFirst(failed, follows).map((verdict) => {
      const told = chosen.get(verdict.check) ?? []
      const timeWent = whereTimeWent(history, [...new Set([...told.map(({ call }) => call), ...witnessCalls(history, verdict)])], logs)
      return {
        ...failedCheck(history, verdict),
        follows: follows.get(verdict.check) ?? [],
        ...(timeWent !== undefined && { timeWent }),
        witnesses: told.map(({ call, beside }) => ({ ...witnessOf(history, call, logs), ...(beside && { beside }) })),
      }
    }),
    held: all.filter(({ status, notExercised }) => status === 'pass' && !notExercised).map(({ check, says }) => ({ check, says })),
    unknown: all.filter(({ status }) => status === 'unknown').map((verdict) => ({ check: verdict.check, because: reason(verdict) ?? '' })),
    notJudged: all.filter(({ status }) => status === 'not-judged').map(({ check, addLine }) => ({ check, addLine: addLine ?? '' })),
    figures: phaseFigures(history),
    signs: signsOf(history),
    serverSaid: history.said.own,
    notes: manifest.notes,
  }
}

/** Calls that findings tell whole, and the others that show a fail: their lines in the server's log are wanted. */
export function findingCalls(history: History, verdicts: Verdicts): Set<string> {
  const failed = ordered(verdicts.verdicts).filter(({ status }) => status === 'fail')
  const told = [...chosenOf(history, failed).values()].flat().map(({ call }) => call)
  const witnesses = failed.flatMap((verdict) => witnessCalls(history, verdict))
  return new Set([...told, ...witnesses].map(({ call }) => call))
}

function failedCheck(history: History, verdict: Verdict): Omit<FailedCheck, 'witnesses' | 'follows'> {
  const { check, code, title, sort, says, measured, limit, unit, margin, samples, evidence, why, source, remedy, exhibits, witnesses } =
    verdict
  const { runbook } = history.manifest
  return {
    check,
    code,
    title,
    sort,
    says,
    ...(measured !== undefined && { measured }),
    ...(limit !== undefined && { limit }),
    ...(unit !== undefined && { unit }),
    ...(margin !== undefined && { margin }),
    samples,
    evidence,
    why,
    source,
    control: remedy.control,
    do: remedy.do,
    settings: settingsOf(history, verdict),
    ...(remedy.runbook !== undefined && { runbook: { entry: remedy.runbook, ...(runbook !== undefined && { at: runbook }) } }),
    exhibits,
    witnessCount: witnesses.length,
  }
}

function settingsOf({ manifest: { settings = {} } }: History, { advice = [] }: Verdict): Setting[] {
  return advice.map(({ setting, present = settings[setting], suggested }) => ({
    name: setting,
    given: settings[setting] !== undefined,
    ...(present !== undefined && { present }),
    suggested,
  }))
}
