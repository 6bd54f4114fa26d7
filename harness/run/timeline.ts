// Carries out the plan's faults on the run's clock: inject, show that it is felt, let it grow, heal at the end, show that it is
// healed. Each line says the moment at which it was so: what lies between `injected` and the end of healing is in force.
import { setTimeout as wait } from 'node:timers/promises'
import type { Units } from '../discover.ts'
import type { Environment } from '../environment/service.ts'
import { HarnessError } from '../errors.ts'
import { dependencyOf, type FaultDefinition, type Injected, type Proof } from '../faults/fault.ts'
import type { Manifest } from '../history/manifest.ts'
import type { FaultLine } from '../history/raw-line.ts'
import { resolve } from '../parameters.ts'
import type { PlannedFault } from '../plan/plan.ts'

/** Between a canary that does not show it yet and the next. */
const CANARY_EVERY_MS = 50
/** How long a heal is waited for. */
const HEAL_WITHIN_MS = 10_000

export interface TimelineOptions {
  faults: readonly PlannedFault[]
  units: Units<FaultDefinition>
  environment: Environment
  t0Ms: number
  record: (line: FaultLine) => void
  signal: AbortSignal
}

type Say = (event: FaultLine['event'], detail?: string) => void

/**
 * Ends when every fault is healed, or, when aborted, as soon as those in force have been healed.
 * @throws what kept a fault from being healed, once the others are
 */
export async function runTimeline(options: TimelineOptions): Promise<void> {
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, failed.signal])
  const running = options.faults.map((planned) => runFault(planned, { ...options, signal }))
  for (const one of running) one.catch((error: unknown) => failed.abort(error))
  await Promise.allSettled(running)
  await Promise.all(running)
}

async function runFault(planned: PlannedFault, options: TimelineOptions): Promise<void> {
  const { units, environment, t0Ms, signal } = options
  const unit = units.get(planned.fault)
  const parameters = resolve(planned.fault, unit.value.parameters, planned.parameters)
  const say = sayer(planned, dependencyOf(unit.value, parameters), options)
  if (!(await reached(t0Ms + planned.injectAtMs, signal))) return
  say('injecting')
  let injected: Injected
  try {
    injected = await unit.value.inject(environment, parameters, signal)
  } catch (error) {
    // Half of it may be in force, and stays so: as bad as a heal that fails.
    if (error instanceof HarnessError && error.code === 'HEAL_FAILED') throw error
    if (signal.aborted) return
    say('not-felt', `could not be injected: ${(error as Error).message}`)
    return
  }
  try {
    say('injected')
    const growing = grow(planned, injected, say, options)
    growing.catch(() => {})
    const felt = await watch(() => injected.felt(), t0Ms + planned.healAtMs, signal)
    say(felt.seen ? 'felt' : 'not-felt', felt.detail)
    await growing
    await reached(t0Ms + planned.healAtMs, signal)
  } finally {
    say('healing')
    await injected[Symbol.asyncDispose]()
  }
  const healed = await watch(() => injected.healed(), Math.min(Date.now() + HEAL_WITHIN_MS, nextTurnAtMs(planned, options)), signal)
  say(healed.seen ? 'healed' : 'not-healed', healed.detail)
}

/** Through the plan's steps, each at its moment. */
async function grow({ steps = [], fault }: PlannedFault, injected: Injected, say: Say, { t0Ms, signal }: TimelineOptions): Promise<void> {
  for (const { atMs, parameters } of steps) {
    if (!(await reached(t0Ms + atMs, signal))) return
    if (!injected.change) throw new Error(`${fault} cannot change while it is in force`)
    await injected.change(parameters)
    say(
      'changed',
      Object.entries(parameters)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    )
  }
}

/** When the same fault is due again: its heal can be seen until then only. */
function nextTurnAtMs({ fault, window, healAtMs }: PlannedFault, { faults, t0Ms }: TimelineOptions): number {
  const later = faults.filter((one) => one.fault === fault && one.window === window && one.injectAtMs >= healAtMs)
  return t0Ms + Math.min(...later.map(({ injectAtMs }) => injectAtMs))
}

function sayer({ window, fault, turn }: PlannedFault, dependency: string, { record }: TimelineOptions): Say {
  return (event, detail) =>
    record({
      kind: 'fault',
      atMs: Date.now(),
      window,
      fault,
      dependency,
      ...(turn !== undefined && { turn }),
      event,
      ...(detail !== undefined && { detail }),
    })
}

/** When each was in force, for the manifest; those that were never injected are left out. */
export function timelineOf(faults: readonly PlannedFault[], lines: readonly FaultLine[], t0Ms: number): NonNullable<Manifest['faults']> {
  return faults.flatMap(({ window, fault, turn }) => {
    const own = lines.filter((line) => line.window === window && line.fault === fault && line.turn === turn)
    const at = (...events: FaultLine['event'][]) => own.find(({ event }) => events.includes(event))?.atMs
    const fromMs = at('injected')
    if (fromMs === undefined) return []
    const toMs = at('healed') ?? at('not-healed', 'healing') ?? fromMs
    const seen = { felt: at('felt') !== undefined, healed: at('healed') !== undefined }
    return [{ window, fault, ...(turn !== undefined && { turn }), fromMs: fromMs - t0Ms, toMs: toMs - t0Ms, ...seen }]
  })
}

/** Asks a canary until it has seen it, or until the moment has passed. */
async function watch(look: () => Promise<Proof>, untilMs: number, signal: AbortSignal): Promise<Proof> {
  for (;;) {
    const proof = await look().catch((error: Error) => ({ seen: false, detail: `the canary failed: ${error.message}` }))
    if (proof.seen || signal.aborted || Date.now() >= untilMs) return proof
    await reached(Math.min(Date.now() + CANARY_EVERY_MS, untilMs), signal)
  }
}

/** True once the wall clock shows the moment; false when the run was aborted first. */
async function reached(atMs: number, signal: AbortSignal): Promise<boolean> {
  const leftMs = atMs - Date.now()
  if (leftMs > 0) await wait(leftMs, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}
