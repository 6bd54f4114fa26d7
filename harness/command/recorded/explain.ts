// `npm run explain <run>`: what failed and how to mend it, for a person or a coding agent; with --json as data. The run is a folder, or
// a scenario's name for its newest run. Judged anew, as `npm run judge` does; nothing is sent anywhere.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { withoutSecrets } from '../../plan/secrets.ts'
import type { Findings } from '../../report/findings/findings.ts'
import { gatherFindings } from '../../report/findings/gather.ts'
import { findingsMarkdown } from '../../report/findings/markdown.ts'
import { bad, parsed } from '../arguments.ts'
import type { Program } from '../program.ts'
import { judgeFolder } from './judged.ts'

const HELP = `What failed and how to mend it: for a person, or for a coding agent.

  npm run explain <run folder | scenario> -- [options]

  --json               as data
  --reports <folder>   where a scenario's newest run is looked for (default: reports)

Example: npm run explain runaway-loop
The exit code is the run's: 0 held · 1 did not hold · 2 cannot be known
`

export const explain: Program = { help: HELP, run: explainCommand }

/** @returns the exit code that the verdicts call for */
async function explainCommand(words: string[]): Promise<number> {
  const { folder, json } = parseExplain(words)
  const { history, verdicts } = await judgeFolder(folder)
  process.stdout.write(explanation(await gatherFindings(folder, history, verdicts), json))
  return verdicts.exitCode
}

/** What is printed may be kept by whoever ran it: no planted secret stands in it, as in the reports. */
export function explanation(findings: Findings, json: boolean): string {
  return withoutSecrets(json ? `${JSON.stringify(findings)}\n` : findingsMarkdown(findings))
}

/** @throws HarnessError `BAD_OPTION` */
export function parseExplain(words: string[]): { folder: string; json: boolean } {
  const spec = { json: { type: 'boolean', default: false }, reports: { type: 'string', default: 'reports' } } as const
  const { values, positionals } = parsed('explain', spec, words)
  const [run, ...more] = positionals
  if (run === undefined || more.length > 0) throw bad('explain takes one run', 'npm run explain <run folder | scenario>')
  return { folder: folderOf(run, values.reports), json: values.json }
}

/** A scenario's name stands for its newest run. */
function folderOf(run: string, reports: string): string {
  const newest = path.join(reports, run, 'latest')
  return !existsSync(path.join(run, 'manifest.json')) && /^[\w-]+$/.test(run) && existsSync(newest) ? newest : run
}
