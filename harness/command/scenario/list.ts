// `npm run list`: what there is to run: scenarios with their stories, targets, weaknesses.
import { type AllUnits, ROOT } from '../units.ts'
import { weaknessesOf } from './weaknesses.ts'

export const LIST_HELP = `What there is to run: scenarios with their stories, targets with their weaknesses, your own among them.

  npm run list

It takes no options.
Example: npm run list
`

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
