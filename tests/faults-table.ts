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
    path.join(ROOT, 'docs', 'faults.md'),
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

function pageOf(rows: readonly string[], faults: readonly (readonly [string, FaultDefinition])[]): string {
  return `# Faults

Measured by \`npm run faults:table\`, which runs the contract suite against real services and writes this page. "Felt" is what a canary
of the harness's own saw through the same path as the server's traffic, and how long after the injection began it had seen it;
"healed" is how long after the heal began a canary found everything as before. Where a canary waits to see that nothing comes, its own
patience (0.5 to 0.7 s) is in these times. Not listed: faults that need commands of your own.

| fault | breaks | effect seen by the canary | felt within | healed within |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## What the server really sees

${faults.map(([id, { faithful }]) => `- **${id}**: ${faithful}`).join('\n')}

## When a fault acts

Without more it acts for the whole stress of its window. A scenario may say otherwise, and the plan then holds every moment:

\`\`\`ts
windows: [
  { id: 'part', faults: [postgresRefused({}, { from: 0.25, to: 0.75 })] },
  { id: 'flapping', faults: [postgresRefused({}, { flaps: 4 })] }, // on and off at moments drawn from the seed
  { id: 'growing', faults: [postgresLatency({ delayMs: 50 }, { ramp: { to: { delayMs: 900 }, steps: 5 } })] },
  { id: 'both', faults: [postgresLatency(), redisFrozen()] }, // different dependencies need no more words
  { id: 'worse', faults: [postgresLatency(), postgresReadOnly()], combine: true }, // the same one does
]
\`\`\`

Only parameters that a fault *grows* by may ramp. When each was in force stands in \`raw/faults.ndjson\`, line by line, and in the
manifest's \`faults\`.

## After a harness that was killed

What undoes a fault in a database, a Redis or a frozen process is written to the run's lease before the fault is injected. The next
start of any command carries it out, after it has seen that the database still has the same data directory, the Redis the same run id,
the process the same start time; else it leaves it alone. What cannot be healed is said with the command to type.

## The proxy by hand

Its process listens for orders on 127.0.0.1 at a port of its own (\`harness/faults/proxy/admin.ts\`; the run says where):

\`\`\`sh
curl $ADMIN/links
curl -H 'content-type: application/json' $ADMIN/links/postgres/toxics -d '{"toxic":"latency","parameters":{"delayMs":300}}'
curl -X DELETE $ADMIN/links/postgres/toxics/1
\`\`\`

Toxics: latency (with jitter), bandwidth, timeout, reset, slowClose, limitData, down, connectDelay, blackHole, slicer, cut. All but
blackHole and cut take \`toxicity\`: they are for that share of the connections, drawn for each from \`seed\`. Latency, bandwidth, timeout,
slowClose and slicer take \`stream\`, \`upstream\` or \`downstream\`: one way only. What is done by hand is written into the run's notes.
`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
