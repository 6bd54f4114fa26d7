// Draws the mutators' base histories anew: `node tests/mutators/redraw.ts [scenario…]` runs each scenario on the hardened server and keeps
// what it recorded; `--from <folder>` keeps a run that is there already. A run that does not hold is refused: it is no base. Nobody
// else should use the cores meanwhile.
import { parseArgs } from 'node:util'
import { Workshop } from '../fixtures/cli.ts'
import { BASES, keep } from './recording.ts'

const { values, positionals } = parseArgs({ options: { from: { type: 'string' } }, allowPositionals: true })

if (values.from !== undefined) {
  const [base = ''] = positionals
  process.stdout.write(`${base}: ${await keep(values.from, base)} bytes\n`)
} else {
  using workshop = new Workshop()
  for (const scenario of positionals.length > 0 ? positionals : BASES) {
    const run = await workshop.scenario(scenario)
    if (run.answer.exitCode === 0) process.stdout.write(`${scenario}: ${await keep(run.folder, scenario)} bytes\n`)
    else process.stdout.write(`${scenario}: left as it was, since this run does not hold:\n${run.why}\n`)
  }
}
