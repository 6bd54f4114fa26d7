// The agents and their timelines. Each agent, task and call draws from a generator of its own, named after it, so that
// adding an agent, a task or a call shifts the numbers of no other.
import type { Units } from '../discover.ts'
import { asked, HarnessError } from '../errors.ts'
import { resolve } from '../parameters.ts'
import type { FleetEntry, PersonaDefinition, TaskSketch } from '../persona.ts'
import type { Target, ToolRole } from '../target.ts'
import type { Draw } from './draw.ts'
import { plain, spansOf } from './phases.ts'
import type { Phase, PlannedAgent, PlannedCall, PlannedTask, Priority, Role, Scale } from './plan.ts'
import { type DrawOf, sharedArrivals } from './shared-arrivals.ts'
import { assertMembership, assertSketch, writtenAt } from './sketch.ts'

const ONLY_TENANT = 'default'

interface Seat {
  index: number
  tenant: string
  /** Absent: the target gives none. */
  priority?: Priority
}

/**
 * All agents, by index: the position in this list is the position of an agent's headers.
 * @throws HarnessError `AGENTS_TOO_FEW`, `TENANT_MISSING`, `PRIORITY_MISSING`; with the line of the scenario at fault `PARAMETER_INVALID`,
 * `ARGUMENTS_INVALID`, `ARRIVALS_INVALID`, `CREDENTIAL_MISSING`, `MISTAKES_MISSING`, `TARGET_THREW`, `SCENARIO_INVALID`
 */
export function planFleet(
  fleet: readonly FleetEntry[],
  target: Target,
  personas: Units<PersonaDefinition>,
  phases: readonly Phase[],
  draw: Draw,
  scale: Scale,
): PlannedAgent[] {
  for (const entry of fleet) assertMembership(entry)
  const total = fleet.reduce((sum, { membership }) => sum + membership.agents, 0)
  const { count = Number.POSITIVE_INFINITY, tenant = () => ONLY_TENANT, priority } = target.agents ?? {}
  if (total > count) {
    throw new HarnessError(
      'AGENTS_TOO_FEW',
      `the scenario sends ${total} agents, the target has ${count}`,
      `raise agents: { count: ${total} } in the target`,
    )
  }
  const seats = Array.from({ length: total }, (_, index): Seat => {
    const given = priority && asked('agents.priority', () => priority(index))
    return { index, tenant: asked('agents.tenant', () => String(tenant(index))), ...(given !== undefined && { priority: given }) }
  })
  const seated = takeSeats(fleet, seats)
  const numbers = new Map<string, number>()
  const agents = fleet.flatMap((entry, position) =>
    writtenAt(entry, () => {
      const persona = personas.of(entry.persona).id
      const parameters = plain(resolve(`persona ${persona}`, entry.persona.parameters, entry.parameters, scale))
      const shared = sharedArrivals(entry, draw.fork(`arrivals-${position + 1}`))
      const counterparts = new Counterparts()
      return (seated[position] ?? []).map((seat, n): PlannedAgent => {
        const number = (numbers.get(persona) ?? 0) + 1
        numbers.set(persona, number)
        const agent = `${persona}-${String(number).padStart(2, '0')}`
        const first = counterparts.firstOf(agent, seat.tenant)
        const tasks = planTasks({ entry, parameters, agent, first, target, phases, drawOf: shared.drawOf(n) }, draw)
        const arrivals = shared.asked()
        const { hostile, listens } = entry.persona
        const { index, tenant, priority } = seat
        const given = entry.membership.priority && priority
        const rest = { ...(given && { priority }), hostile, ...(arrivals && { arrivals }), ...(listens && { listens }), tasks }
        return { agent, index, tenant, persona, parameters, ...rest }
      })
    }),
  )
  return agents.sort((a, b) => a.index - b.index)
}

/** Those who want a tenant or a priority choose first; the others take what is left, in the order of the fleet. */
function takeSeats(fleet: readonly FleetEntry[], seats: readonly Seat[]): Seat[][] {
  const free = [...seats]
  const taken: Seat[][] = fleet.map(() => [])
  const seat = (position: number, wish: Wish) => {
    const found = free.findIndex((candidate) => fits(candidate, wish))
    const [chosen] = found < 0 ? [] : free.splice(found, 1)
    if (!chosen) throw nobodyFits(wish, seats)
    taken[position]?.push(chosen)
  }
  for (const wishes of [2, 1, 0]) {
    fleet.forEach(({ membership }, position) => {
      const { tenant, priority } = membership
      if (Number(tenant !== undefined) + Number(priority !== undefined) !== wishes) return
      for (let n = 0; n < membership.agents; n++) seat(position, membership)
    })
  }
  return taken
}

type Wish = Pick<FleetEntry['membership'], 'tenant' | 'priority'>

/** A target that gives no priorities is asked for none: what rests on them is not judged. */
function fits(seat: Seat, { tenant, priority }: Wish): boolean {
  return (
    (tenant === undefined || seat.tenant === tenant) &&
    (priority === undefined || seat.priority === undefined || seat.priority === priority)
  )
}

function nobodyFits({ tenant, priority }: Wish, seats: readonly Seat[]): HarnessError {
  const noTenant = tenant !== undefined && !seats.some((seat) => seat.tenant === tenant)
  const [code, field, wanted] =
    priority === undefined || noTenant
      ? (['TENANT_MISSING', 'tenant', tenant] as const)
      : (['PRIORITY_MISSING', 'priority', priority] as const)
  const present = [...new Set(seats.map((seat) => seat[field]))].join(', ')
  const what = `too few of the ${seats.length} agents are of ${field} ${JSON.stringify(wanted)}`
  return new HarnessError(code, what, `agents.${field} of the target gives: ${present}`)
}

/** The agents of one fleet entry, tenant by tenant: the first of each, the second of each, and so on. */
class Counterparts {
  readonly #seen = new Map<string, number>()
  readonly #firsts: string[] = []

  /** The first agent, of whatever tenant, that has the same number within its tenant: itself, where it is that. */
  firstOf(agent: string, tenant: string): string {
    const number = this.#seen.get(tenant) ?? 0
    this.#seen.set(tenant, number + 1)
    this.#firsts[number] ??= agent
    return this.#firsts[number]
  }
}

/** Keys that agents of several tenants use, by how many tenants. */
export function sharedKeysOf(agents: readonly PlannedAgent[]): Record<string, number> {
  const tenants = new Map<string, Set<string>>()
  for (const { tenant, tasks } of agents)
    for (const { calls } of tasks)
      for (const { key } of calls) if (key !== undefined) tenants.set(key, (tenants.get(key) ?? new Set()).add(tenant))
  return Object.fromEntries([...tenants].flatMap(([key, { size }]) => (size > 1 ? [[key, size]] : [])))
}

interface Part {
  entry: FleetEntry
  parameters: PlannedAgent['parameters']
  agent: string
  /** Whose keys and arguments the tasks have that are shared. */
  first: string
  target: Target
  phases: readonly Phase[]
  drawOf: DrawOf
}

function planTasks({ entry, parameters, agent, first, target, phases, drawOf }: Part, draw: Draw): PlannedTask[] {
  const { persona, membership } = entry
  const { sharedKeyEvery = Number.POSITIVE_INFINITY } = membership
  const tool = target.tools?.[membership.role] as ToolRole
  return spansOf(phases, membership)
    .flatMap((span, n) => persona.tasks(drawOf(draw.fork(agent).fork(`tasks-${n + 1}`)), parameters, span))
    .sort((a, b) => a.atMs - b.atMs)
    .map((sketch, position) => {
      assertSketch(sketch, membership.role, target)
      const owner = (position + 1) % sharedKeyEvery === 0 ? first : agent
      return planTask(sketch, owner, `t${position + 1}`, membership.role, tool, draw.fork(owner))
    })
}

/** @param owner the agent whose keys and arguments it has */
function planTask(sketch: TaskSketch, owner: string, task: string, role: Role, tool: ToolRole, draw: Draw): PlannedTask {
  const inTurn = new Map<number, number>()
  const calls = sketch.calls.map(({ turn, thinkMs, same, mistaken, credential }, position): PlannedCall => {
    const n = (inTurn.get(turn) ?? 0) + 1
    inTurn.set(turn, n)
    const drawn = draw.fork(`${task}/${same ? 1 : position + 1}`)
    return {
      turn,
      role,
      arguments: argumentsOf(mistaken && tool.mistakes ? { ...tool, arguments: tool.mistakes } : tool, role, drawn),
      ...(tool.idempotencyKey && { key: `${owner}-${task}-${turn}-${n}` }),
      thinkMs,
      ...(credential && { credential }),
    }
  })
  const { atMs, untilMs, callsMax } = sketch
  return { task, atMs, ...(untilMs !== undefined && { untilMs }), calls, ...(callsMax !== undefined && { callsMax }) }
}

/** What the target's own function gave, as the plain data that will be on the wire. */
function argumentsOf(tool: ToolRole, role: Role, draw: Draw): Record<string, unknown> {
  const what = `tools.${role}.arguments`
  const given: unknown = asked(what, () => tool.arguments?.(draw) ?? {})
  const data: unknown = asked(what, () => JSON.parse(JSON.stringify(given) ?? 'null'))
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) return data as Record<string, unknown>
  throw new HarnessError(
    'ARGUMENTS_INVALID',
    `arguments of ${role} gave ${JSON.stringify(given)}`,
    `return an object: ${role}: { name: '${tool.name}', arguments: (draw) => ({ … }) }`,
  )
}
