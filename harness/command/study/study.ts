// `npm run study <name>`: several runs, one answer. Each run is a process of its own (`npm run run <scenario>`), so that one that goes
// wrong or is stopped leaves nothing to the next. The study's own file says which runs; what they measured is read from their folders.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { HarnessError } from '../../errors.ts'
import { buildHistory } from '../../history/merge.ts'
import { findTarget } from '../../run/target-file.ts'
import { capacity } from '../../study/capacity.ts'
import { metastableBoundary } from '../../study/metastable-boundary.ts'
import { studyHtml, studyText } from '../../study/page.ts'
import { scaleOut } from '../../study/scale-out.ts'
import { smoothAgainstBurst } from '../../study/smooth-against-burst.ts'
import type { Laboratory, Trial, Tried } from '../../study/study.ts'
import { scenarioText } from '../../study/trial.ts'
import { bad, oneOf, parsed, typedAgain, whole } from '../arguments.ts'
import type { Program } from '../program.ts'
import { shownPath } from '../recorded/judged.ts'
import { assertWeakness } from '../scenario/weaknesses.ts'
import { discoverAll, ROOT } from '../units.ts'

const STUDIES = {
  capacity,
  'smooth-against-burst': smoothAgainstBurst,
  'scale-out': scaleOut,
  'metastable-boundary': metastableBoundary,
}
const NAMES = Object.keys(STUDIES)
const USAGE = `npm run study ${NAMES.join(' | ')}`

const HELP = `Several runs, one answer, on one page: how much a server carries, where a call's time goes with one instance and with three, whether bursts
break what a smooth load does not, from where it does not come back.

  ${USAGE} -- [options]

  --target <id|file.ts>   against what (default: reference)
  --weaken <id>           with one defence replaced
  --hold <ms>             how long the link to Postgres holds a packet, by which statements last longer, 0 to 999999 (default: 20)
  --seed <n>              of the first run, 0 to 999999 (default: 1)
  --driver k6|undici      what sends the load (default: k6)
  --reports <folder>      where the study and its runs are kept (default: reports)

Example: npm run study capacity -- --hold 50
Exit codes: 0 an answer · 2 the study could not tell
`

const SPEC = {
  target: { type: 'string', default: 'reference' },
  weaken: { type: 'string' },
  hold: { type: 'string', default: '20' },
  seed: { type: 'string', default: '1' },
  driver: { type: 'string', default: 'k6' },
  reports: { type: 'string', default: 'reports' },
} as const

/** The program, as it runs now: source, or built. */
const EXTENSION = path.extname(import.meta.filename)
const RUN_MS = 180_000
/** How often a run is made whose generator was late: what is unknown the third time stays so. */
const TIMES_MAX = 3

export const study: Program = { help: HELP, run: studyCommand }

/** @returns 0 with an answer, 2 when the study could not tell */
async function studyCommand(words: string[]): Promise<number> {
  const { name, options } = parse(words)
  // Before anything is written: a slip of the pen leaves nothing behind.
  const target = await findTarget(options.target, (await discoverAll()).targets, ROOT)
  assertWeakness(options.weaken, target, ROOT)
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  const folder = path.resolve(options.reports, 'study', name, stamp)
  await mkdir(folder, { recursive: true })
  const laboratory = laboratoryIn(folder, options)
  const study = await STUDIES[name](
    laboratory,
    `npm run study ${name} -- ${typedAgain(SPEC, options, { always: ['seed'], never: ['reports'] })}`,
  )
  await writeFile(path.join(folder, 'report.html'), await studyHtml(study))
  await writeFile(path.join(folder, 'study.json'), `${JSON.stringify({ ...study, plots: undefined }, null, 2)}\n`)
  process.stdout.write(`${studyText(study)}\n${shownPath(folder)}/report.html\n`)
  return study.tone === 'unknown' ? 2 : 0
}

/** Runs trials one after the other, and leaves them in a folder. */
export function laboratoryIn(folder: string, options: Options): Laboratory {
  let runs = 0
  const say = (line: string) => void process.stderr.write(`· ${line}\n`)
  return {
    holdMs: Number(options.hold),
    seed: Number(options.seed),
    ...(options.weaken !== undefined && { weaken: options.weaken }),
    say,
    async run(trial) {
      for (let time = 1; ; time++) {
        const one = await tried(trial, path.join(folder, `trial-${String(++runs).padStart(2, '0')}${EXTENSION}`), options)
        if (one.statuses['load-offered'] !== 'unknown' || time === TIMES_MAX) return one
        say('the load was not offered as planned: once more')
      }
    },
  }
}

export interface Options {
  target: string
  weaken?: string | undefined
  hold: string
  seed: string
  driver: string
  reports: string
}

function parse(words: string[]): { name: keyof typeof STUDIES; options: Options } {
  const { values, positionals } = parsed('study', SPEC, words)
  const [name, ...more] = positionals
  if (name === undefined || !Object.hasOwn(STUDIES, name) || more.length > 0) throw bad('study takes one name', USAGE)
  for (const number of ['hold', 'seed'] as const) whole(number, values[number], 0, 999_999)
  oneOf('driver', values.driver, ['k6', 'undici'])
  return { name: name as keyof typeof STUDIES, options: values }
}

/** One run. @param file where its scenario is written @throws HarnessError `STUDY_RUN_FAILED` when it gave no verdict */
async function tried(trial: Trial, file: string, { target, seed, driver }: Options): Promise<Tried> {
  await writeFile(file, scenarioText(trial, ROOT, EXTENSION))
  const words = ['scenario', file, '--json', '--reports', path.join(path.dirname(file), 'runs'), '--target', target, '--driver', driver]
  const seeded = String(Number(seed) + (trial.round ?? 0))
  const weaken = trial.weaken === undefined ? [] : ['--weaken', trial.weaken]
  const child = spawn(process.execPath, [path.join(ROOT, `harness/cli${EXTENSION}`), ...words, ...weaken, '--seed', seeded], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // As Ctrl-C: it heals and judges what there is.
  const timer = setTimeout(() => child.kill('SIGINT'), RUN_MS)
  const [[code], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
  clearTimeout(timer)
  const last = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (!last.startsWith('{') || code === 254 || code === 255)
    throw new HarnessError(
      'STUDY_RUN_FAILED',
      `a run of the study ended with ${String(code)}`,
      stderr.split('\n').filter(Boolean).slice(-3).join('\n  '),
    )
  const answer = JSON.parse(last) as { folder: string; checks: { id: string; status: string }[] }
  const history = await buildHistory(path.resolve(answer.folder))
  const statuses = Object.fromEntries(answer.checks.map(({ id: check, status }) => [check, status]))
  return { history, statuses }
}
