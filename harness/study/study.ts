// What a study is written against: it asks for runs, one after the other, and makes a page of what they measured. A trial is a scenario in
// few words, since studies change one or two things from run to run.
import type { History } from '../history/history.ts'
import type { Role, Settings } from '../plan/plan.ts'

export interface Trial {
  /** Who calls, over all phases; `salvo`: so many of them in one moment, at the same mean rate. */
  load: { persona: 'steady' | 'impatient'; agents: number; role: Role; everyMs: number; salvo?: number }[]
  /** Lengths of the phases, s; without stress there is one phase of load only. */
  steadyS: number
  stressS?: number
  recoveryS?: number
  /** Delay of the link to Postgres under stress, ms. */
  delayMs?: number
  /** Delay of the link to Postgres in every phase, ms each way: the network that a test on one machine lacks. */
  linkMs: number
  settings: Partial<Settings>
  checks: string[]
  weaken?: string
  /** The same again, with another seed. */
  round?: number
}

export interface Tried {
  history: History
  /** By check. */
  statuses: Readonly<Record<string, string>>
}

export interface Laboratory {
  /** How long the link to Postgres holds a packet, ms: hold times follow. */
  holdMs: number
  seed: number
  weaken?: string
  say(line: string): void
  run(trial: Trial): Promise<Tried>
}

/** Budgets that never bind: a study of the server's capacity is none of its limits. */
export const NO_BUDGETS: Partial<Settings> = {
  agentRatePerMinute: 60_000,
  agentBurst: 5_000,
  agentConcurrency: 500,
  agentToolRatePerMinute: 60_000,
  agentToolBurst: 5_000,
}
