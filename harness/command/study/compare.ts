// `npm run compare <run> <run>…`: were the later runs better or worse? Runs are named in the order in which they were taken, in turns:
// one as it was, one as it is now, and so on. Judged anew; a run whose load was not offered, or whose fault was not felt, proves nothing.
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { HarnessError } from '../../errors.ts'
import type { History } from '../../history/history.ts'
import { type Compared, comparison } from '../../study/comparison.ts'
import type { Answer } from '../../study/difference.ts'
import { studyHtml, studyText } from '../../study/page.ts'
import { secondsOf } from '../../study/windows.ts'
import { bad, parsed } from '../arguments.ts'
import type { Program } from '../program.ts'
import { judgeFolder, shownPath } from '../recorded/judged.ts'

const USAGE = 'npm run compare <before> <after> [<before> <after>…]'

const HELP = `Better or worse? Takes runs of the same plan in turns, one as it was, one as it is now, and says what differs by more than chance.

  ${USAGE} -- [options]

  each a run folder, in the order in which they were taken: ten pairs tell more than one

  --json               as data
  --reports <folder>   where the comparison is written (default: reports)

Example: npm run compare reports/runaway-loop/2026-11-01T10-00-00 reports/runaway-loop/2026-11-01T10-05-00
Exit codes: 0 better, or no difference shown · 1 worse · 2 cannot tell
`

const SPEC = { json: { type: 'boolean', default: false }, reports: { type: 'string', default: 'reports' } } as const
const EXIT: Record<Answer, number> = { better: 0, 'no difference shown': 0, worse: 1, 'cannot tell': 2 }

export const compare: Program = { help: HELP, run: compareCommand }

/** @returns 0 better or no difference shown, 1 worse, 2 cannot tell */
async function compareCommand(words: string[]): Promise<number> {
  const { values, positionals: folders } = parsed('compare', SPEC, words)
  if (folders.length < 2 || folders.length % 2 !== 0) throw bad('compare takes runs in pairs', USAGE)
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
  const into = path.join(values.reports, 'compare', new Date().toISOString().slice(0, 19).replaceAll(':', '-'))
  await mkdir(into, { recursive: true })
  await writeFile(path.join(into, 'report.html'), await studyHtml(study))
  await writeFile(
    path.join(into, 'comparison.json'),
    `${JSON.stringify({ answer, runs: runs.map(({ seconds: _, ...run }) => run), differences }, null, 2)}\n`,
  )
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ answer, folder: shownPath(into), differences })}\n`
      : `${studyText(study)}\n${shownPath(into)}/report.html\n`,
  )
  return EXIT[answer]
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
