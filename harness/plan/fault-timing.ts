// When the faults of a window act: the whole of its stress, a part of it, on and off at drawn moments, or growing in steps.
// Two that break the same thing in one window are refused unless the window says that they are meant to combine.
import { HarnessError } from '../errors.ts'
import type { FaultDefinition, FaultEntry, Timing } from '../faults/fault.ts'
import type { WindowEntry } from '../scenario.ts'
import type { Draw, Span } from './draw.ts'
import type { PlannedFault } from './plan.ts'

/** A canary must have time to see it on, and to see it off. */
const TURN_LEAST_MS = 250
const FLAPS_MOST = 50
const STEPS_MOST = 100

/**
 * One planned fault for each time that it is on.
 * @throws HarnessError `SCENARIO_INVALID`
 */
export function planTurns(
  id: string,
  { fault, timing = {} }: FaultEntry,
  stress: Span,
  draw: Draw,
): Pick<PlannedFault, 'injectAtMs' | 'healAtMs'>[] {
  const { from = 0, to = 1, flaps = 1 } = timing
  if (!(from >= 0 && from < to && to <= 1))
    throw invalid(id, `acts from ${from} to ${to}`, 'from and to are shares of the stress: 0 ≤ from < to ≤ 1')
  if (!Number.isInteger(flaps) || flaps < 1 || flaps > FLAPS_MOST)
    throw invalid(id, `flaps is ${flaps}`, `flaps must be a whole number from 1 to ${FLAPS_MOST}`)
  if (timing.ramp && flaps > 1) throw invalid(id, 'both flaps and grows', 'give it either flaps or a ramp')
  if (timing.ramp) assertRamp(id, fault, timing.ramp)
  const lengthMs = stress.toMs - stress.fromMs
  const span = { fromMs: Math.round(stress.fromMs + from * lengthMs), toMs: Math.round(stress.fromMs + to * lengthMs) }
  return spansOfFlaps(id, span, flaps, draw)
}

/** What it changes to, and when: equal steps after its beginning, the last of them as long as the others. */
export function planSteps(
  { timing }: FaultEntry,
  parameters: PlannedFault['parameters'],
  { injectAtMs, healAtMs }: Pick<PlannedFault, 'injectAtMs' | 'healAtMs'>,
): NonNullable<PlannedFault['steps']> {
  const { ramp } = timing ?? {}
  if (!ramp) return []
  return Array.from({ length: ramp.steps }, (_, i) => {
    const share = (i + 1) / ramp.steps
    const grown = Object.entries(ramp.to).map(([name, to]) => {
      const start = Number(parameters[name])
      return [name, Math.round(start + (to - start) * share)]
    })
    const atMs = Math.round(injectAtMs + ((healAtMs - injectAtMs) * (i + 1)) / (ramp.steps + 1))
    return { atMs, parameters: { ...parameters, ...Object.fromEntries(grown) } }
  })
}

/** @throws HarnessError `SCENARIO_INVALID` */
export function assertCombined({ id, combine }: WindowEntry, planned: readonly { fault: string; dependency: string }[]): void {
  if (combine) return
  for (const { fault, dependency } of planned) {
    const other = planned.find((one) => one.dependency === dependency && one.fault !== fault)
    const twice = planned.filter((one) => one.dependency === dependency).length > 1
    if (!twice) continue
    throw new HarnessError(
      'SCENARIO_INVALID',
      `window ${id} breaks ${dependency} by two faults at once: ${fault} and ${other?.fault ?? fault}`,
      'if it is meant, say combine: true in the window; else give each a window of its own',
    )
  }
}

/** On and off in turn, on first and last; lengths vary by a factor of three. */
function spansOfFlaps(id: string, span: Span, flaps: number, draw: Draw): Pick<PlannedFault, 'injectAtMs' | 'healAtMs'>[] {
  const weights = Array.from({ length: 2 * flaps - 1 }, () => 0.5 + draw.unit())
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  const edges = [span.fromMs]
  let passed = 0
  for (const weight of weights) {
    passed += weight
    edges.push(Math.round(span.fromMs + ((span.toMs - span.fromMs) * passed) / whole))
  }
  const shortest = Math.min(...edges.slice(1).map((edge, i) => edge - (edges[i] ?? 0)))
  if (flaps > 1 && shortest < TURN_LEAST_MS)
    throw invalid(
      id,
      `flaps ${flaps} times in ${span.toMs - span.fromMs} ms, once for only ${shortest} ms`,
      `fewer flaps or a longer stress: each turn takes ${TURN_LEAST_MS} ms or more`,
    )
  return Array.from({ length: flaps }, (_, i) => ({ injectAtMs: edges[2 * i] ?? 0, healAtMs: edges[2 * i + 1] ?? 0 }))
}

function assertRamp(id: string, { grows = [] }: FaultDefinition, { to, steps }: NonNullable<Timing['ramp']>): void {
  const stray = Object.keys(to).find((name) => !grows.includes(name))
  if (stray !== undefined)
    throw invalid(
      id,
      `cannot grow by ${stray}`,
      grows.length > 0 ? `it grows by ${grows.join(', ')}` : 'no parameter of it can change while it is in force',
    )
  if (!Number.isInteger(steps) || steps < 1 || steps > STEPS_MOST)
    throw invalid(id, `grows in ${steps} steps`, `steps must be a whole number from 1 to ${STEPS_MOST}`)
}

function invalid(id: string, what: string, hint: string): HarnessError {
  return new HarnessError('SCENARIO_INVALID', `fault ${id} ${what}`, hint)
}
