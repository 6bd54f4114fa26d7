// `npm run explain <run>`: what failed and how to mend it, for a person or a coding agent; with --json as data. The run is a folder, or
// a scenario's name for its newest run. Judged anew, as `npm run judge` does; nothing is sent anywhere.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'
import { gatherFindings } from '../../report/findings/gather.ts'
import { findingsMarkdown } from '../../report/findings/markdown.ts'
import { judgeFolder } from './judged.ts'

const HELP = `What failed and how to mend it: for a person, or for a coding agent.

  npm run explain <run folder | scenario> -- [options]

  --json               as data
  --reports <folder>   where a scenario's newest run is looked for (default: reports)

The exit code is the run's: 0 held · 1 did not hold · 2 cannot be known
`

/** @returns the exit code that the verdicts call for */
export async function explainCommand(words: string[]): Promise<number> {
  const { folder, json, help } = parseExplain(words)
  if (help) {
    process.stdout.write(HELP)
    return 0
  }
  const { history, verdicts } = await judgeFolder(folder)
  const findings = await gatherFindings(folder, history, verdicts)
  process.stdout.write(json ? `${JSON.stringify(findings)}\n` : findingsMarkdown(findings))
  return verdicts.exitCode
}

/** @throws HarnessError `BAD_OPTION` */
export function parseExplain(words: string[]): { folder: string; json: boolean; help: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: { json: { type: 'boolean' }, reports: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    })
    const [run, ...more] = positionals
    if (values.help) return { folder: '', json: false, help: true }
    if (run === undefined || more.length > 0) throw new Error('explain takes one run')
    return { folder: folderOf(run, values.reports ?? 'reports'), json: values.json ?? false, help: false }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', 'see: npm run explain -- --help', error)
  }
}

/** A scenario's name stands for its newest run. */
function folderOf(run: string, reports: string): string {
  const newest = path.join(reports, run, 'latest')
  return !existsSync(path.join(run, 'manifest.json')) && /^[\w-]+$/.test(run) && existsSync(newest) ? newest : run
}
