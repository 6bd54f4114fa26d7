// The public servers of docs/wild.md, installed from their registries at the versions named there: each scenario must come out as it is
// told. The scenario files are those of the reference server; what a target of these says, any target can say.
import { ensureExample } from '../../tools/examples/install.mjs'
import type { EXAMPLES } from '../../tools/examples/packages.mjs'
import { Workshop } from '../fixtures/cli.ts'

interface Expected {
  example: keyof typeof EXAMPLES
  /** What stands behind it. */
  behind?: keyof typeof EXAMPLES
  target: string
  scenario: string
  /** What must be, by check. Other checks may say what they like, but `others`. */
  verdicts: Record<string, 'fail' | 'pass'>
  /** Nothing else may fail. */
  others?: 'hold'
}

const EXPECTED: Expected[] = [
  { example: 'dbhub', target: 'dbhub-1-2-3', scenario: 'postgres-outage', verdicts: { recovers: 'fail' } },
  { example: 'dbhub', target: 'dbhub-1-4-0', scenario: 'postgres-outage', verdicts: { recovers: 'pass', 'breaker-opens': 'fail' } },
  { example: 'dbhub', target: 'dbhub-1-2-3', scenario: 'slow-postgres', verdicts: { 'blast-radius': 'fail' } },
  { example: 'dbhub', target: 'dbhub-1-4-0', scenario: 'slow-postgres', verdicts: { 'blast-radius': 'fail', recovers: 'pass' } },
  { example: 'dbhub', target: 'dbhub-1-2-3', scenario: 'abandoned-queries', verdicts: { 'cancel-propagates': 'fail' } },
  { example: 'dbhub', target: 'dbhub-1-4-0', scenario: 'abandoned-queries', verdicts: { 'cancel-propagates': 'fail' } },
  { example: 'server-postgres', target: 'server-postgres', scenario: 'postgres-outage', verdicts: { recovers: 'fail' } },
  { example: 'toolbox', target: 'toolbox', scenario: 'slow-postgres', verdicts: { 'blast-radius': 'fail', recovers: 'pass' } },
  { example: 'toolbox', target: 'toolbox', scenario: 'postgres-outage', verdicts: { recovers: 'pass', 'breaker-opens': 'fail' } },
  { example: 'toolbox', target: 'toolbox', scenario: 'abandoned-queries', verdicts: { 'cancel-propagates': 'pass' } },
  { example: 'everything', target: 'everything', scenario: 'runaway-loop', verdicts: { fairness: 'pass' }, others: 'hold' },
  { example: 'fastmcp', target: 'fastmcp', scenario: 'runaway-loop', verdicts: { fairness: 'fail', 'retry-after-valid': 'fail' } },
  {
    example: 'contextforge',
    behind: 'toolbox',
    target: 'contextforge',
    scenario: 'honest-retry',
    verdicts: { 'retry-after-valid': 'fail' },
  },
]

/** @returns a row for each. @throws when one came out otherwise */
export async function run(): Promise<string[]> {
  using workshop = new Workshop()
  const rows: string[] = []
  const flaws: string[] = []
  for (const expected of EXPECTED) {
    for (const name of [expected.example, expected.behind ?? []].flat()) await ensureExample(name)
    const path = `scenarios/targets/examples/${expected.target}.ts`
    const ran = await workshop.scenario(expected.scenario, '--target', path, '--unknown', 'warn')
    rows.push(`${expected.target}, ${expected.scenario}: ${ran.why.replaceAll('\n', '; ') || 'all that was judged held'}`)
    for (const flaw of flawsOf(expected, ran.statuses)) flaws.push(`${expected.target}, ${expected.scenario}: ${flaw}`)
    process.stdout.write(`${rows.at(-1)}\n`)
  }
  if (flaws.length > 0) throw new Error(flaws.join('\n'))
  return rows
}

function flawsOf({ verdicts, others }: Expected, statuses: Record<string, string>): string[] {
  const wrong = Object.entries(verdicts).filter(([check, status]) => statuses[check] !== status)
  const failed = others === 'hold' ? Object.keys(statuses).filter((check) => statuses[check] === 'fail') : []
  return [
    ...wrong.map(([check, status]) => `${check} is ${statuses[check] ?? 'not there'}, not ${status}`),
    ...failed.map((check) => `${check} failed`),
  ]
}
