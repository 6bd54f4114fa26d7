// Is everything there that a scenario must have? Its file is run as it stands, and its types are asked by nobody.
import { HarnessError } from '../errors.ts'
import type { Scenario } from '../scenario.ts'
import type { Scale } from './plan.ts'

const LENGTHS = ['warmUpS', 'steadyS', 'stressS', 'recoveryS'] as const

/** Those that a window may have of its own. */
const WINDOWS: ReadonlySet<string> = new Set(['stressS', 'recoveryS'])

/** What to type where it is missing. */
const LISTS = {
  fleet: "fleet: [steady({ agents: 4, role: 'cheapRead' })]",
  windows: "windows: [{ id: 'stress', faults: [] }], or leave it out",
  checks: 'checks: [fairness()]',
  essential: "essential: ['fairness']: the checks without which it has said nothing",
} as const

/** @throws HarnessError `SCENARIO_INVALID` for the first that is missing, with what to type */
export function assertWhole(id: string, scenario: Scenario, scale: Scale): void {
  const invalid = (what: string, hint: string) => new HarnessError('SCENARIO_INVALID', `the scenario ${JSON.stringify(id)}: ${what}`, hint)
  const lengths: Partial<Record<(typeof LENGTHS)[number], unknown>> | undefined = scenario.phases?.[scale]
  const missing = LENGTHS.find((name) => !isLength(lengths?.[name]))
  if (missing)
    throw invalid(`phases.${scale}.${missing} is no number of seconds`, `write phases: { ${scale}: { ${LENGTHS.join(': 5, ')}: 5 } }`)
  for (const [name, hint] of Object.entries(LISTS)) {
    const list: unknown = scenario[name as keyof typeof LISTS]
    if (!Array.isArray(list)) throw invalid(`${name} is no list`, `write ${hint}`)
    const uncalled = list.findIndex((entry) => typeof entry === 'function')
    if (uncalled >= 0) throw invalid(`${name}[${uncalled}] is a function`, `call it: ${hint}`)
  }
  for (const { id: window, lengths: own = {} } of scenario.windows) {
    const [odd] = Object.entries(own[scale] ?? {}).filter(([name, value]) => !WINDOWS.has(name) || !isLength(value))
    if (odd)
      throw invalid(
        `lengths.${scale}.${odd[0]} of the window ${window} is no number of seconds`,
        `write lengths: { ${scale}: { stressS: 5, recoveryS: 5 } }`,
      )
  }
}

function isLength(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
