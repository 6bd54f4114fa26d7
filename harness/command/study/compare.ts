// `npm run compare <run> <run>…`: were the later runs better or worse? Runs are named in the order in which they were taken, in turns: one as
// it was, one as it is now, and so on. Judged anew; a run whose load was not offered, or whose fault was not felt, proves nothing.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { HarnessError } from '../../errors.ts'
import type { History } from '../../history/history.ts'
import { type Compared, comparison } from '../../study/comparison.ts'
import type { Answer } from '../../study/difference.ts'
import { studyHtml, studyText } from '../../study/page.ts'
import { secondsOf } from '../../study/windows.ts'
import { judgeFolder, shownPath } from '../recorded/judged.ts'

const USAGE = 'npm run compare <before> <after> [<before> <after>…], each a run folder, in the order in which they were taken'
const EXIT: Record<Answer, number> = { better: 0, 'no difference shown': 0, worse: 1, 'cannot tell': 2 }

/** @returns 0 better or no difference shown, 1 worse, 2 cannot tell */
export async function compareCommand(words: string[]): Promise<number> {
  const { folders, json, reports } = parse(words)
  const runs: Compared[] = []
  let first: History | undefined
  for (const folder of folders) {
    const { history, verdicts } = await judgeFolder(folder)
    first ??= history
    assertLike(first, history, folder)
    // Nothing here is held against the steady phase.
    const shut = verdicts.verdicts.find(({ check, sort, status }) => sort === 'gate' && check !== 'baseline-steady' && status !== 'pass')
    runs.push({
      folder: shownPath(folder),
      label: history.manifest.weaken ?? history.manifest.commit ?? history.manifest.target,
      seconds: secondsOf(history),
      ...(shut && { flaw: `${shut.check} does not hold (${shut.says})` }),
    })
  }
  const { answer, differences, study } = comparison(runs, first?.plan.seed ?? 1, `npm run compare ${folders.map(shownPath).join(' ')}`)
  const into = path.join(reports, 'compare', new Date().toISOString().slice(0, 19).replaceAll(':', '-'))
  await mkdir(into, { recursive: true })
  await writeFile(path.join(into, 'report.html'), await studyHtml(study))
  await writeFile(
    path.join(into, 'comparison.json'),
    `${JSON.stringify({ answer, runs: runs.map(({ seconds: _, ...run }) => run), differences }, null, 2)}\n`,
  )
  process.stdout.write(
    json
      ? `${JSON.stringify({ answer, folder: shownPath(into), differences })}\n`
      : `${studyText(study)}\n${shownPath(into)}/report.html\n`,
  )
  return EXIT[answer]
}

function parse(words: string[]): { folders: string[]; json: boolean; reports: string } {
  const spec = { json: { type: 'boolean' }, reports: { type: 'string', default: 'reports' } } as const
  const wrong = (message: string, cause?: unknown) => new HarnessError('BAD_OPTION', message, USAGE, cause)
  try {
    const { values, positionals } = parseArgs({ args: words, options: spec, allowPositionals: true })
    if (positionals.length >= 2 && positionals.length % 2 === 0)
      return { folders: positionals, json: values.json ?? false, reports: values.reports }
  } catch (error) {
    throw wrong((error as Error).message.split('. ')[0] ?? 'bad option', error)
  }
  throw wrong('compare takes runs in pairs')
}

/** Only runs that asked the same at the same moments can be laid side by side. */
function assertLike({ plan }: History, other: History, folder: string): void {
  const differs = (['scenario', 'scale'] as const).find((what) => plan[what] !== other.plan[what])
  const phases = JSON.stringify(plan.phases) === JSON.stringify(other.plan.phases)
  if (differs === undefined && phases) return
  const what = differs === undefined ? 'other phases' : `${differs} ${other.plan[differs]}, not ${plan[differs]}`
  throw new HarnessError(
    'NOT_ALIKE',
    `${JSON.stringify(shownPath(folder))} has ${what}: its seconds have nothing to be held against`,
    USAGE,
  )
}
