// `npm run list`: what there is to run: scenarios with their stories, targets, weaknesses.
import { bad } from '../arguments.ts'
import type { Program } from '../program.ts'
import { type AllUnits, discoverAll, ROOT } from '../units.ts'
import { weaknessesOf } from './weaknesses.ts'

const HELP = `What there is to run: scenarios with their stories, targets with their weaknesses, your own among them.

  npm run list

It takes no options.
Example: npm run list
`

export const list: Program = { help: HELP, run: listCommand }

/** @throws HarnessError `BAD_OPTION`, as `discoverAll` */
async function listCommand(words: string[]): Promise<number> {
  if (words.length > 0) throw bad(`list takes no ${JSON.stringify(words[0])}`, 'it is typed alone: npm run list')
  process.stdout.write(listText(await discoverAll()))
  return 0
}

export function listText({ scenarios, targets }: AllUnits): string {
  const width = Math.max(...scenarios.ids.map((id) => id.length)) + 2
  const lines = ['Scenarios (npm run scenario <name>)', '']
  for (const { id, value } of scenarios.all) lines.push(`  ${id.padEnd(width)}${value.story}`)
  lines.push('', 'Targets (--target <id>, or a file of your own)', '')
  for (const { id, value } of targets.all) {
    lines.push(`  ${id}`)
    const weaknesses = weaknessesOf(value, ROOT)
    if (weaknesses.length > 0) lines.push(`    --weaken ${weaknesses.join(' | ')}`)
  }
  return `${lines.join('\n')}\n`
}
