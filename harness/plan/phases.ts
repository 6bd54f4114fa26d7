// The phases of a run and the faults in them: warm-up, steady, then for each window a stress and a recovery of its own.
// A fault is injected when its window's stress begins and healed when it ends, unless its timing says else; what it draws (its
// jitter, its share of answers) comes from a seed that is drawn here, so that the fault too is the same in every run of the plan.
import type { Units } from '../discover.ts'
import { HarnessError } from '../errors.ts'
import type { FaultDefinition, FaultEntry } from '../faults/fault.ts'
import { type Parameter, type Parameters, resolve, type Values } from '../parameters.ts'
import type { PhaseLengths, WindowEntry } from '../scenario.ts'
import type { Draw, Span } from './draw.ts'
import { assertCombined, planSteps, planTurns } from './fault-timing.ts'
import type { Phase, PhaseName, PlannedFault, Scale } from './plan.ts'

/** @throws HarnessError `SCENARIO_INVALID`, when there is no window or two have one id */
export function layPhases(lengths: PhaseLengths, windows: readonly WindowEntry[], scale: Scale): Phase[] {
  const ids = windows.map(({ id }) => id)
  if (ids.length === 0 || new Set(ids).size < ids.length) {
    throw new HarnessError('SCENARIO_INVALID', `windows are ${JSON.stringify(ids)}`, 'name at least one window, each with an id of its own')
  }
  const phases: Phase[] = []
  const add = (name: PhaseName, lengthS: number, window?: string) => {
    const fromMs = phases.at(-1)?.toMs ?? 0
    phases.push({ name, ...(window !== undefined && { window }), fromMs, toMs: fromMs + Math.round(lengthS * 1_000) })
  }
  add('warm-up', lengths.warmUpS)
  add('steady', lengths.steadyS)
  for (const { id, lengths: own } of windows) {
    const { stressS, recoveryS } = { ...lengths, ...own?.[scale] }
    add('stress', stressS, id)
    add('recovery', recoveryS, id)
  }
  return phases
}

/**
 * The stretches in which a member of the fleet starts its tasks: every phase of that name, of that window, or the whole run.
 * @throws HarnessError `SCENARIO_INVALID`, when there is no such phase
 */
export function spansOf(phases: readonly Phase[], { during, window }: { during?: PhaseName; window?: string } = {}): Span[] {
  if (during === undefined && window === undefined) return [{ fromMs: 0, toMs: phases.at(-1)?.toMs ?? 0 }]
  const own = phases.filter((phase) => (during === undefined || phase.name === during) && (window === undefined || phase.window === window))
  if (own.length === 0) {
    const windows = [...new Set(phases.flatMap((phase) => phase.window ?? []))].join(', ')
    const what = `a persona takes part during ${during ?? 'every phase'}${window === undefined ? '' : ` of the window ${JSON.stringify(window)}`}`
    throw new HarnessError('SCENARIO_INVALID', `${what}: there is no such phase`, `its windows: ${windows}`)
  }
  return own.map(({ fromMs, toMs }) => ({ fromMs, toMs }))
}

export function planFaults(
  windows: readonly WindowEntry[],
  phases: readonly Phase[],
  faults: Units<FaultDefinition>,
  draw: Draw,
): PlannedFault[] {
  return windows.flatMap((window) => {
    const { id, faults: entries } = window
    const stress = phases.find(({ name, window }) => name === 'stress' && window === id)
    if (!stress) throw new Error(`window ${id} has no stress`)
    const planned = entries.flatMap((entry, position) => {
      const fault = entry.named === undefined ? faults.of(entry.fault).id : faults.get(entry.named).id
      const own = draw.fork(`${id}/${position}/${fault}`)
      const parameters = faultParameters(fault, entry, own)
      return planTurns(fault, entry, stress, own.fork('turns')).map((span) => {
        const steps = planSteps(entry, parameters, span)
        for (const step of steps) resolve(`fault ${fault}`, entry.fault.parameters, step.parameters)
        return { window: id, fault, parameters, ...span, ...(steps.length > 0 && { steps }) }
      })
    })
    assertCombined(
      window,
      entries.map((entry) => ({ fault: entry.named ?? faults.of(entry.fault).id, dependency: brokenBy(entry) })),
    )
    return numbered(planned)
  })
}

/** Where a window has a fault more than once, each time gets a number. */
function numbered(planned: PlannedFault[]): PlannedFault[] {
  const times = new Map<string, number>()
  for (const { fault } of planned) times.set(fault, (times.get(fault) ?? 0) + 1)
  const last = new Map<string, number>()
  return planned.map((one) => {
    if (times.get(one.fault) === 1) return one
    const turn = (last.get(one.fault) ?? 0) + 1
    last.set(one.fault, turn)
    return { ...one, turn }
  })
}

/** Said by a parameter, or by the fault itself. */
function brokenBy({ fault, parameters }: FaultEntry): string {
  return String(parameters.dependency ?? fault.parameters.dependency?.default ?? fault.dependency)
}

function faultParameters(id: string, { fault, parameters }: FaultEntry, draw: Draw): PlannedFault['parameters'] {
  const seed: Parameter | undefined = fault.parameters.seed
  const drawn = seed && parameters.seed === undefined ? { seed: draw.int(seed.from ?? 0, seed.to ?? 2_147_483_647) } : {}
  return plain(resolve(`fault ${id}`, fault.parameters, { ...parameters, ...drawn }))
}

/** Declared parameters hold numbers and words only; the plan carries them as such. */
export function plain(values: Values<Parameters>): Record<string, number | string> {
  return values as Record<string, number | string>
}
