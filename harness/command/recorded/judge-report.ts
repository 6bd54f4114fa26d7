// `npm run judge <folder>` and `npm run report <folder>`: verdicts and page again, from what was recorded.
import { bad, parsed } from '../arguments.ts'
import type { Program } from '../program.ts'
import { readBaseline } from './baseline.ts'
import { judgeFolder, reportFolder, verdictText } from './judged.ts'

type Verb = 'judge' | 'report'

const DOES = {
  judge: 'Judges a run again, from what was recorded: with checks that did not exist when it ran, on any machine. Writes verdicts.json.',
  report: 'Judges a run again and writes its report anew: report.html, junit.xml, summary.md, findings.md and verdicts.json.',
}

const helpOf = (verb: Verb) => `${DOES[verb]}

  npm run ${verb} <run folder> -- [options]

  --baseline <folder|file>  an earlier run, or its verdicts.json: the summary tells what has changed since

Example: npm run ${verb} reports/runaway-loop/latest
Exit codes: 0 held · 1 did not hold · 2 cannot be known
`

export const judge: Program = { help: helpOf('judge'), run: (words) => folderCommand('judge', words) }
export const report: Program = { help: helpOf('report'), run: (words) => folderCommand('report', words) }

/** @returns the exit code that the verdicts call for */
async function folderCommand(verb: Verb, words: string[]): Promise<number> {
  const { values, positionals } = parsed(verb, { baseline: { type: 'string' } }, words)
  const [folder, ...more] = positionals
  if (folder === undefined || more.length > 0) throw bad(`${verb} takes one run folder`, `npm run ${verb} reports/<scenario>/latest`)
  const baseline = values.baseline === undefined ? undefined : await readBaseline(values.baseline)
  const { history, verdicts } = await (verb === 'judge' ? judgeFolder(folder) : reportFolder(folder, baseline))
  process.stdout.write(verdictText(verdicts, folder, history.manifest.command, baseline))
  return verdicts.exitCode
}
