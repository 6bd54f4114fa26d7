// Which agents stand for the rest, and what each persona made of the run. Sampled, not averaged: of every persona the agent to
// whom most went wrong and the one in the middle, since an average agent does not exist. The same run gives the same choice.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { everyIntent } from '../history/queries.ts'
import { kindsOf } from './kinds.ts'
import { fate } from './moments.ts'
import { agentsCalls } from './tasks.ts'
import { waitsOf } from './waits.ts'

const PERSONAS_MAX = 6

/** An agent in words that hold for the page: `worst of 16 steady`. */
export interface Sampled {
  agent: string
  persona: string
  hostile: boolean
  /** In the order in which they were sent. */
  calls: readonly Call[]
}

/** At most two agents of each of the six most numerous personas. */
export function sampledAgents({ calls, plan }: History): Sampled[] {
  const troubles = new Map<string, number>(plan.agents.map(({ agent }) => [agent, 0]))
  for (const { alike, calls: own } of kindsOf(calls))
    if (!alike.good && alike.role !== 'handshake') for (const { agent } of own) troubles.set(agent, (troubles.get(agent) ?? 0) + 1)
  const personas = [...Map.groupBy(plan.agents, ({ persona }) => persona)].sort((a, b) => b[1].length - a[1].length).slice(0, PERSONAS_MAX)
  const chosen = personas.flatMap(([, agents]) => {
    const byTrouble = [...agents].sort((a, b) => (troubles.get(b.agent) ?? 0) - (troubles.get(a.agent) ?? 0) || a.index - b.index)
    return [...new Set([byTrouble[0], byTrouble[Math.floor(byTrouble.length / 2)]])].flatMap((agent) => agent ?? [])
  })
  return chosen.map(({ agent, persona, hostile }) => ({ agent, persona, hostile, calls: agentsCalls(calls, agent) }))
}

export interface PersonaRow {
  persona: string
  hostile: boolean
  agents: number
  /** What was wanted, however often it was asked for. */
  intents: number
  calls: number
  good: number
  refused: number
  failed: number
  /** Waits that were told and followed by another attempt, and those in which the agent stayed away as long as told. */
  told: number
  obeyed: number
}

export function personaRows(history: History): PersonaRow[] {
  const rows = new Map<string, PersonaRow>()
  const rowOf = (persona: string, hostile: boolean) => {
    const row = rows.get(persona) ?? {
      persona,
      hostile,
      agents: 0,
      intents: 0,
      calls: 0,
      good: 0,
      refused: 0,
      failed: 0,
      told: 0,
      obeyed: 0,
    }
    rows.set(persona, row)
    return row
  }
  for (const { persona, hostile } of history.plan.agents) rowOf(persona, hostile).agents++
  for (const { alike, calls } of kindsOf(history.calls)) {
    if (alike.role === 'handshake') continue
    const row = rowOf(alike.persona, alike.hostile)
    const became = fate(alike)
    row.calls += calls.length
    row.intents += calls.length
    if (became === 'good' || became === 'refused' || became === 'failed') row[became] += calls.length
  }
  // What was wanted are the calls, less those that asked again.
  for (const { first, retries } of everyIntent(history.calls))
    if (retries.length > 0) rowOf(first.persona, first.hostile).intents -= retries.length
  for (const { refused, obeyed } of waitsOf(history)) {
    const row = rowOf(refused.persona, refused.hostile)
    row.told++
    if (obeyed) row.obeyed++
  }
  return [...rows.values()].sort((a, b) => Number(a.hostile) - Number(b.hostile) || b.calls - a.calls)
}
