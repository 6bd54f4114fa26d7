// A trial as the text of a scenario file, for a process of its own.
import type { Trial } from './study.ts'

/** @param root of this program. @param extension of its files: `.ts`, or `.js` once built */
export function scenarioText(trial: Trial, root: string, extension: string): string {
  const { load, steadyS, stressS = 1, recoveryS = 1, delayMs, linkMs, settings, checks } = trial
  const at = (file: string) => JSON.stringify(`${root}/${file}${extension}`)
  const named = (check: string) => check.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  const personas = [...new Set(load.map(({ persona }) => persona))]
  const lengths = JSON.stringify({ warmUpS: 2, steadyS, stressS, recoveryS })
  const fleet = load.map(({ persona, agents, role, everyMs, salvo }) => {
    const arrivals = salvo === undefined ? '' : `, arrivals: { kind: 'salvos', size: ${salvo} }`
    return `    ${persona}({ agents: ${agents}, role: '${role}', everyMs: ${everyMs}${arrivals} }),`
  })
  return [
    `import { scenario } from ${at('harness/scenario')}`,
    ...personas.map((persona) => `import { ${persona} } from ${at(`scenarios/personas/${persona}`)}`),
    ...checks.map((check) => `import { ${named(check)} } from ${at(`harness/checks/${check}`)}`),
    ...(delayMs === undefined ? [] : [`import { postgresLatency } from ${at('harness/faults/postgres-latency')}`]),
    '',
    'export default scenario({',
    "  story: 'One run of a study.',",
    "  source: 'npm run study',",
    `  phases: { quick: ${lengths}, full: ${lengths} },`,
    `  links: { postgres: { delayMs: ${linkMs} } },`,
    `  settings: ${JSON.stringify(settings)},`,
    ...(delayMs === undefined ? [] : [`  windows: [{ id: 'trigger', faults: [postgresLatency({ delayMs: ${delayMs} })] }],`]),
    '  fleet: [',
    ...fleet,
    '  ],',
    `  checks: [${checks.map((check) => `${named(check)}()`).join(', ')}],`,
    '  essential: [],',
    '})',
    '',
  ].join('\n')
}
