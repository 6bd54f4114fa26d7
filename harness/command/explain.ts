// `npm run explain <run>`: what failed and how to mend it, for a person or a coding agent; with --json as data. The run is a folder, or
// a scenario's name for its newest run. Judged anew, as `npm run judge` does; nothing is sent anywhere.
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HarnessError } from '../errors.ts'
import { gatherFindings } from '../report/findings/gather.ts'
import { findingsMarkdown } from '../report/findings/markdown.ts'
import { judgeFolder } from './judged.ts'

const USAGE = 'npm run explain reports/<scenario>/latest, or npm run explain <scenario>; -- --json for data'

/** @returns the exit code that the verdicts call for */
export async function explainCommand(words: string[]): Promise<number> {
  const { folder, json } = parse(words)
  const { history, verdicts } = await judgeFolder(folder)
  const findings = await gatherFindings(folder, history, verdicts)
  process.stdout.write(json ? `${JSON.stringify(findings)}\n` : findingsMarkdown(findings))
  return verdicts.exitCode
}

function parse(words: string[]): { folder: string; json: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args: words,
      options: { json: { type: 'boolean' }, reports: { type: 'string' } },
      allowPositionals: true,
    })
    const [run, ...more] = positionals
    if (run === undefined || more.length > 0) throw new Error('explain takes one run')
    return { folder: folderOf(run, values.reports ?? 'reports'), json: values.json ?? false }
  } catch (error) {
    if (error instanceof HarnessError) throw error
    throw new HarnessError('BAD_OPTION', (error as Error).message.split('. ')[0] ?? 'bad option', USAGE, error)
  }
}

/** A scenario's name stands for its newest run. */
function folderOf(run: string, reports: string): string {
  const newest = path.join(reports, run, 'latest')
  return !existsSync(path.join(run, 'manifest.json')) && /^[\w-]+$/.test(run) && existsSync(newest) ? newest : run
}
