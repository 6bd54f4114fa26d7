// Faults beside those that a scenario names itself: the target's own, which its scenarios and the command line call by name, and
// what `--fault` adds to the first stress window.
import { type Unit, Units } from '../../discover.ts'
import type { FaultDefinition } from '../../faults/fault.ts'
import { commandFault } from '../../faults/user-fault.ts'
import type { Scenario } from '../../scenario.ts'
import type { Target } from '../../target.ts'

/** @param cwd where their commands run */
export function withTargetFaults(
  faults: Units<FaultDefinition>,
  { value, path, exportName }: Unit<Target>,
  cwd: string,
): Units<FaultDefinition> {
  const own = Object.entries(value.faults ?? {}).map(([id, fault]) => ({ id, path, exportName, value: commandFault(id, fault, cwd) }))
  return new Units('fault', [...faults.all, ...own])
}

/** @throws HarnessError `UNKNOWN_FAULT` with "did you mean" */
export function withFaults(scenario: Unit<Scenario>, names: readonly string[], faults: Units<FaultDefinition>): Unit<Scenario> {
  if (names.length === 0) return scenario
  const added = names.map((name) => ({ fault: faults.get(name).value, parameters: {} }))
  const [first, ...others] = scenario.value.windows
  if (!first) return scenario
  return { ...scenario, value: { ...scenario.value, windows: [{ ...first, faults: [...first.faults, ...added] }, ...others] } }
}
