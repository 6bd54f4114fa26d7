// Carries out the plan's faults on the run's clock: inject, show that it is felt, heal at the window's end, show that it is healed.
import { setTimeout as wait } from 'node:timers/promises'
import type { Units } from '../discover.ts'
import type { Environment } from '../environment/service.ts'
import type { FaultDefinition, Injected, Proof } from '../faults/fault.ts'
import type { FaultLine } from '../history/event.ts'
import { resolve } from '../parameters.ts'
import type { PlannedFault } from '../plan/plan.ts'

/** Between a canary that does not show it yet and the next. */
const CANARY_EVERY_MS = 100
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

/** Ends when every fault is healed, or, when aborted, as soon as those in force have been healed. */
export async function runTimeline(options: TimelineOptions): Promise<void> {
  await Promise.all(options.faults.map((planned) => runFault(planned, options)))
}

async function runFault(planned: PlannedFault, { units, environment, t0Ms, record, signal }: TimelineOptions): Promise<void> {
  const unit = units.get(planned.fault)
  const { dependency } = unit.value
  const say = (event: FaultLine['event'], proof?: Proof) =>
    record({
      kind: 'fault',
      atMs: Date.now(),
      window: planned.window,
      fault: planned.fault,
      dependency,
      event,
      ...(proof && { detail: proof.detail }),
    })
  if (!(await reached(t0Ms + planned.injectAtMs, signal))) return
  say('injecting')
  let injected: Injected
  try {
    injected = await unit.value.inject(environment, resolve(planned.fault, unit.value.parameters, planned.parameters), signal)
  } catch (error) {
    if (signal.aborted) return
    say('not-felt', { seen: false, detail: `could not be injected: ${(error as Error).message}` })
    return
  }
  try {
    say('injected')
    const felt = await watch(() => injected.felt(), t0Ms + planned.healAtMs, signal)
    say(felt.seen ? 'felt' : 'not-felt', felt)
    await reached(t0Ms + planned.healAtMs, signal)
  } finally {
    say('healing')
    await injected[Symbol.asyncDispose]()
  }
  const healed = await watch(() => injected.healed(), Date.now() + HEAL_WITHIN_MS, signal)
  say(healed.seen ? 'healed' : 'not-healed', healed)
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
