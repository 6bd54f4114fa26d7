// A persona's whole life on a virtual engine: what personas' tests watch. Its tasks are drawn and followed as in a run; only
// the tool, its arguments and the answers are made up.
import type { PersonaDefinition } from '../persona.ts'
import { createDraw } from '../plan/draw.ts'
import type { LeadsTo, PlannedAgent } from '../plan/plan.ts'
import type { WireRequest } from './request.ts'
import { followTimeline } from './timeline.ts'
import { type Reply, VirtualEngine } from './virtual-engine.ts'

interface Rehearsal {
  /** Length of the plan, ms. */
  endsAtMs: number
  /** Those that differ from their defaults. */
  parameters?: Record<string, number | string>
  /** How the n-th call (from 0) is answered; default well, after 10 ms. */
  reply?: (position: number, request: WireRequest) => Reply
  seed?: number
  /** Where answers lead. */
  leadsTo?: LeadsTo[]
}

interface Rehearsed {
  planned: PlannedAgent
  engine: VirtualEngine
}

export async function rehearse(
  persona: PersonaDefinition,
  { endsAtMs, parameters, reply, leadsTo, seed = 1 }: Rehearsal,
): Promise<Rehearsed> {
  const defaults = Object.entries(persona.parameters).map(([name, declared]) => [name, declared.default as number | string])
  const values = { ...Object.fromEntries(defaults), ...parameters } as Record<string, number | string>
  const tasks = persona.tasks(createDraw(seed), values, { fromMs: 0, toMs: endsAtMs }).map((sketch, position) => {
    const task = `t${position + 1}`
    const calls = sketch.calls.map(({ turn, thinkMs, credential }, n) => ({
      turn,
      thinkMs,
      ...(credential && { credential }),
      role: 'write' as const,
      arguments: { n },
      key: `${task}-${n + 1}`,
    }))
    const { calls: _, ...when } = sketch
    return { task, ...when, calls }
  })
  const planned: PlannedAgent = { agent: 'a-01', index: 0, tenant: 't', persona: 'a', parameters: values, hostile: persona.hostile, tasks }
  const engine = new VirtualEngine(reply && ((request, position) => reply(position, request)))
  const write = { tool: 'make', sloMs: 1_000, needs: [], correct: [], idempotencyKey: { argument: 'requestId' } }
  const roles = { write: { ...write, ...(leadsTo && { leadsTo }) } }
  const credentials = { expired: { authorization: 'old' }, malformed: { authorization: 'odd' } }
  const facts = {
    run: 'r',
    seed,
    t0Ms: 0,
    protocol: '2026-07-28' as const,
    roles,
    endsAtMs,
    patienceMs: 60_000,
    headers: { authorization: 'own' },
    credentials,
  }
  await engine.run(followTimeline(planned, persona, facts, engine))
  return { planned, engine }
}
