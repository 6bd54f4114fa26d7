// What single agents lived through: a lane each, a mark where a call left, a bar as long as it took, a dotted line where
// the agent waited before it asked again. Of every persona the agent that fared worst and the one in the middle. At most
// 70 calls a lane, evenly taken out of all: a lane is for seeing a pattern (a loop, a retreat, a hang), not for counting.
import type { Call } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { sampledAgents } from '../agents.ts'
import { type Fate, fate } from '../moments.ts'
import { short } from '../plain.ts'
import { type Layer, onTimeAxis, timeX } from '../time-axis.ts'
import { chart } from './chart.ts'

const CALLS_MOST = 70
const LANE_PX = 26

const looks: Record<Fate, { colour: string; shape: string }> = {
  good: { colour: 'var(--good)', shape: 'circle' },
  late: { colour: 'var(--slow)', shape: 'square' },
  refused: { colour: 'var(--refused)', shape: 'triangle-down' },
  failed: { colour: 'var(--failed)', shape: 'cross' },
}

export const agentLanes = chart({
  title: 'Sampled agents, call by call',
  caption: 'A mark where a call left, a bar as long as it took; dotted: waiting before asking again.',
  place: 'agents',
  order: 10,
  needs: ['responses'],
  draw(history) {
    const agents = sampledAgents(history).filter(({ calls }) => calls.length > 0)
    if (agents.length === 0) return undefined
    const calls = agents.flatMap((agent) => evenly(agent.calls, CALLS_MOST))
    const laneOf = new Map(agents.map(({ agent }) => [agent, laneName(agent)]))
    const y = {
      field: 'lane',
      type: 'nominal' as const,
      scale: { domain: [...laneOf.values()] },
      axis: { title: null, domain: false, ticks: false },
    }
    const x = timeX(history)
    const fates = Object.keys(looks) as Fate[]
    const legend = { title: null, orient: 'top' as const, symbolOpacity: 1 }
    const became = { field: 'became', type: 'nominal' as const }
    const layers: Layer[] = [
      {
        data: { values: retreats(calls, laneOf) },
        mark: { type: 'rule', color: 'var(--refused)', strokeDash: [1, 3], strokeWidth: 1.5 },
        encoding: { x, x2: { field: 'toS' }, y },
      },
      {
        data: { values: calls.map((call) => lasting(history, call, laneOf)) },
        encoding: {
          x,
          y,
          color: { ...became, scale: { domain: fates, range: fates.map((name) => looks[name].colour) }, legend },
        },
        layer: [
          {
            // A bar that is shorter than a pixel is not drawn: its mark hides it.
            transform: [{ filter: `datum.toS - datum.atS > ${history.plan.endsAtMs / 800_000}` }],
            mark: { type: 'rule', strokeWidth: 4, opacity: 0.55 },
            encoding: { x2: { field: 'toS' } },
          },
          {
            mark: { type: 'point', filled: true, size: 38, opacity: 0.9 },
            encoding: { shape: { ...became, scale: { domain: fates, range: fates.map((name) => looks[name].shape) }, legend } },
          },
        ],
      },
    ]
    return onTimeAxis(history, agents.length * LANE_PX, layers)
  },
})

function lasting({ plan }: History, call: Call, laneOf: ReadonlyMap<string, string>) {
  const toMs = Math.min(plan.endsAtMs, call.endedAtMs ?? call.sentAtMs + call.timeoutMs)
  return {
    lane: laneOf.get(call.agent),
    became: fate(call),
    atS: seconds(Math.min(plan.endsAtMs, call.sentAtMs)),
    toS: seconds(Math.max(call.sentAtMs, toMs)),
  }
}

/** From the answer that was no to the next attempt. */
function retreats(calls: readonly Call[], laneOf: ReadonlyMap<string, string>) {
  const byId = new Map(calls.map((call) => [call.call, call]))
  return calls.flatMap((call) => {
    const before = call.parent === undefined ? undefined : byId.get(call.parent)
    if (before?.endedAtMs === undefined) return []
    return [{ lane: laneOf.get(call.agent), atS: seconds(before.endedAtMs), toS: seconds(call.sentAtMs) }]
  })
}

/** Agents of a persona are numbered at the end of their names, so the end is what tells them apart. */
function laneName(agent: string): string {
  const name = short(agent, 40)
  return name.length <= 12 ? name : `${name.slice(0, 6)}…${name.slice(-5)}`
}

function evenly<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all]
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)] as T)
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000
}
