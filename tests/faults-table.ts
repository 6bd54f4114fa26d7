// Writes docs/faults.md: each fault with what the server really sees, and what the contract suite measured of it on this machine:
// the canary's own words, how long until it was felt, how long until it was healed. Run: npm run faults:table
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { discover } from '../harness/discover.ts'
import { dependencyOf, type FaultDefinition } from '../harness/faults/fault.ts'
import { resolve } from '../harness/parameters.ts'
import { ROOT } from './fixtures/source-files.ts'

interface Measured {
  id: string
  given: Record<string, number | string>
  feltMs: number
  healMs: number
  felt: string
}

const PAGE = path.join(ROOT, 'docs/faults.md')
const MARK = '<!-- below: by hand -->'
const SUITE = 'harness/faults/faults.integration.test.ts'
const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-faults-table-'))
try {
  const file = path.join(folder, 'measured.ndjson')
  const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const run = spawnSync(process.execPath, [vitest, 'run', '--project', 'services', SUITE, '-t', 'is felt, then healed'], {
    cwd: ROOT,
    env: { ...process.env, FAULTS_MEASURED: file },
    stdio: 'inherit',
  })
  if (run.status !== 0) throw new Error('the contract does not hold: nothing was written')
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  const faults = await discover<FaultDefinition>('fault', path.join(ROOT, 'harness', 'faults'))
  const rows = lines.map((line) => JSON.parse(line) as Measured).map((measured) => rowOf(measured, faults.get(measured.id).value))
  writeFileSync(
    PAGE,
    pageOf(
      rows,
      faults.all.map(({ id, value }) => [id, value] as const),
    ),
  )
  console.log(`docs/faults.md: ${rows.length} rows of ${faults.ids.length} faults`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function rowOf({ id, given, feltMs, healMs, felt }: Measured, fault: FaultDefinition): string {
  const parameters = resolve(id, fault.parameters, given)
  const said = Object.entries(given).map(([name, value]) => `${name} ${value}`)
  const name = said.length > 0 ? `\`${id}\` (${said.join(', ')})` : `\`${id}\``
  const healed = fault.momentary ? 'over at once' : `${Math.round(healMs)} ms`
  return `| ${name} | ${dependencyOf(fault, parameters)} | ${oneLine(felt)} | ${Math.round(feltMs)} ms | ${healed} |`
}

/** What was written below the mark by hand stays as it is. */
function pageOf(rows: readonly string[], faults: readonly (readonly [string, FaultDefinition])[]): string {
  const [, byHand = '\n'] = readFileSync(PAGE, 'utf8').split(MARK)
  return `# Faults

Written by \`npm run faults:table\`, which runs the contract suite against real services. Not listed are faults that need commands of
your own.

A *canary* is a probe of the harness's own, through the same path as the server's traffic. *Felt within* is how long after the injection
began a canary had seen the effect; *healed within*, how long after the heal began a canary found everything as before. Where a canary
waits to see that nothing comes, its own patience (0.5 to 0.7 s) is part of these times.

| fault | breaks | effect seen by the canary | felt within | healed within |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## What the server really sees

${faults.map(([id, { faithful }]) => `- **${id}**: ${faithful}`).join('\n')}

${MARK}${byHand}`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
