// What a persona drew is looked at before it becomes a plan, and what is wrong with a fleet entry is told with the line on which it
// stands: a wrong value is the scenario's to mend, and a scenario has many.
import { HarnessError } from '../errors.ts'
import type { FleetEntry, TaskSketch } from '../persona.ts'
import type { Target } from '../target.ts'
import type { Role } from './plan.ts'

/** @throws HarnessError of `plan`, with the line of the entry in its message */
export function writtenAt<T>({ at }: FleetEntry, plan: () => T): T {
  try {
    return plan()
  } catch (error) {
    if (!(error instanceof HarnessError) || at === undefined || error.message.endsWith(`(${at})`)) throw error
    throw new HarnessError(error.code, `${error.message} (${at})`, error.hint, error)
  }
}

/** @throws HarnessError `SCENARIO_INVALID` */
export function assertMembership(entry: FleetEntry): void {
  const { agents, sharedKeyEvery = 1 } = entry.membership
  writtenAt(entry, () => {
    if (!isCount(agents))
      throw new HarnessError('SCENARIO_INVALID', `a persona takes part with ${agents} agents`, 'agents must be a whole number from 1')
    if (!isCount(sharedKeyEvery))
      throw new HarnessError('SCENARIO_INVALID', `sharedKeyEvery is ${sharedKeyEvery}`, 'sharedKeyEvery must be a whole number from 1')
  })
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1
}

/** @throws HarnessError `SCENARIO_INVALID`, `CREDENTIAL_MISSING`, `MISTAKES_MISSING` */
export function assertSketch({ atMs, calls }: TaskSketch, role: Role, target: Target): void {
  const times = [atMs, ...calls.map(({ thinkMs }) => thinkMs)]
  const wrong = times.find((ms) => !Number.isFinite(ms) || ms < 0)
  if (wrong !== undefined)
    throw new HarnessError('SCENARIO_INVALID', `a task was drawn with a time of ${wrong} ms`, 'moments and think times are from 0 ms')
  if (calls.some(({ mistaken }) => mistaken) && !target.tools?.[role]?.mistakes) {
    const line = `tools: { ${role}: { mistakes: (draw) => ({ … }) } }`
    throw new HarnessError('MISTAKES_MISSING', `the target names no wrong arguments for ${role}`, `add to the target: ${line}`)
  }
  const missing = calls.find(({ credential }) => credential !== undefined && !target.agents?.credentials?.[credential])?.credential
  if (missing === undefined) return
  const line = `agents: { credentials: { '${missing}': (identity) => ({ authorization: '…' }) } }`
  throw new HarnessError('CREDENTIAL_MISSING', `the target mints no credential that is ${missing}`, `add to the target: ${line}`)
}
