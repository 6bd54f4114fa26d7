// What a scenario is written against: one experiment as a plain value. No behaviour.
import type { CheckEntry } from './checks/check.ts'
import type { FaultEntry } from './faults/fault.ts'
import type { FleetEntry } from './persona.ts'
import type { Plan, Scale, Settings } from './plan/plan.ts'

export interface PhaseLengths {
  warmUpS: number
  steadyS: number
  stressS: number
  recoveryS: number
  /** How long to go on looking at the server once the load is over, for what it leaves behind; default not at all. */
  afterS?: number
}

/** One stretch of stress with its faults; each is followed by a recovery of its own. */
export interface WindowEntry {
  id: string
  faults: FaultEntry[]
  /** Seconds of its own, where its stress or its recovery must be longer than the others', or may be shorter. */
  lengths?: Partial<Record<Scale, Partial<Pick<PhaseLengths, 'stressS' | 'recoveryS'>>>>
  /** Several of its faults break the same dependency, and are meant to. */
  combine?: true
}

export interface Scenario {
  kind: 'scenario'
  /** What happened to somebody, in a sentence or two, and what must hold. */
  story: string
  source: string
  phases: Record<Scale, PhaseLengths>
  fleet: FleetEntry[]
  /** Without it: one window `stress` without faults, in which the hostile personas are the stress. */
  windows: WindowEntry[]
  /** What the agents speak, where the story needs it; `--protocol` wins, then this, then the target's. */
  protocol?: Plan['protocol']
  /** Asked of a target that lets itself be configured; others run as they are. */
  settings: Partial<Settings>
  /** Network delay in every phase, ms each way, by link. */
  links: Record<string, { delayMs: number }>
  checks: CheckEntry[]
  /** Ids of the checks without which the scenario has said nothing. */
  essential: string[]
}

type Optional = 'windows' | 'settings' | 'links'

export function scenario(value: Omit<Scenario, 'kind' | Optional> & Partial<Pick<Scenario, Optional>>): Scenario {
  return { kind: 'scenario', windows: [{ id: 'stress', faults: [] }], settings: {}, links: {}, ...value }
}
