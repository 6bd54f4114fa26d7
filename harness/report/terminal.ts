// What a person at a terminal reads at the end of a run. Pure: text out, nothing written. Widths are
// honoured (40 to any), names from the server under test cannot move the cursor or colour the screen, and
// without colour nothing is lost: each status has a symbol. NO_COLOR is the caller's, through `colour`.
// Not modelled: wide (East Asian) glyphs count as one column.
import type { Status, Verdict, Verdicts } from '../checks/check.ts'
import { differencesOf, differenceWords } from './difference.ts'
import { type Colour, type Look, type Painter, painter } from './paint.ts'
import { COMMAND_LONGEST, plain, short } from './plain.ts'
import { against, conclusion, labels, ordered, reason, sentence, settingWords, symbols, tally } from './words.ts'

const statusColours: Record<Status, Colour> = { fail: 'red', unknown: 'yellow', pass: 'green', 'not-judged': 'dim' }
const narrowest = 40
/** Symbol, status and code stand before it. */
const indentOfText = 17
const narrow = 60
/** Nothing that an essential check looks at has happened. */
const MEANT = 'nothing, if that is as the server is meant to be: --unknown warn ends with 0'

export interface EndOptions extends Look {
  /** The run's folder, as it should be shown. */
  folder: string
  /** What repeats the run. */
  command: string
  /** An earlier run's verdicts: what differs is said. */
  baseline?: Verdicts
}

/** The verdict, one line a check (fails first, with what to do), where the report lies and how to repeat it. */
export function endScreen(verdicts: Verdicts, { folder, command, baseline, colour, width }: EndOptions): string {
  const columns = Math.max(narrowest, Math.min(width, 120))
  const paint = painter(colour)
  const mark = `${symbols[verdicts.status]} ${conclusion(verdicts.status)}`
  const weakened = verdicts.weaken === undefined ? '' : ` · weakened: ${verdicts.weaken}`
  const what = plain(`${verdicts.scenario} against ${verdicts.target} · ${verdicts.scale} · seed ${verdicts.seed}${weakened}`)
  const spoken = sentence(verdicts)
  const titles = Math.min(52, Math.max(0, ...verdicts.verdicts.map(({ title }) => [...plain(title, 120)].length)))
  const sheet = { columns, titles, paint }
  const all = ordered(verdicts.verdicts)
  const headline = verdicts.status === 'pass' ? [] : wrapped(tally(verdicts), columns, 2)
  return [
    '',
    `${paint(mark, statusColours[verdicts.status], 'bold')}  ${paint(short(what, columns - mark.length - 2), 'dim')}`,
    ...wrapped(spoken, columns, 2),
    ...headline.map((line) => paint(line, 'dim')),
    '',
    ...all.filter(({ status }) => status === 'fail' || status === 'unknown').flatMap((verdict) => checkLines(verdict, sheet)),
    ...notJudgedLines(all, sheet),
    ...all.filter(({ status }) => status === 'pass').flatMap((verdict) => checkLines(verdict, sheet)),
    '',
    ...(baseline ? closing('Since', differenceWords(differencesOf(baseline, verdicts)), columns, paint) : []),
    `${paint('Report', 'dim')}  ${plain(folder)}/report.html`,
    ...(verdicts.status === 'fail' ? [`${paint('Mend', 'dim')}    npm run explain ${plain(folder)}`] : []),
    `${paint('Repeat', 'dim')}  ${plain(command, COMMAND_LONGEST)}`,
    '',
  ].join('\n')
}

interface Sheet {
  columns: number
  /** Width of the column of titles. */
  titles: number
  paint: Painter
}

function checkLines(verdict: Verdict, { columns, titles, paint }: Sheet): string[] {
  const { status, code, title } = verdict
  const mark = paint(`${symbols[status]} ${labels[status].padEnd(10)}`, statusColours[status])
  const room = columns - indentOfText
  const figures = plain(verdict.notExercised ? 'nothing to look at' : against(verdict), 80)
  const name = plain(title, 120)
  const padded = name + ' '.repeat(Math.max(2, titles + 2 - [...name].length))
  const fits = [...padded].length + [...figures].length <= room
  // What held takes one line, so that the whole stays on one screen: its title is cut before its figures are.
  const forTitle = room - [...figures].length - 2
  const cut = status === 'pass' && !fits && figures !== '' && forTitle >= 12
  const text = cut
    ? `${short(name, forTitle)}  ${paint(figures, 'dim')}`
    : fits && figures
      ? `${padded}${paint(figures, 'dim')}`
      : short(name, room)
  const rest =
    fits || cut || !figures || status === 'pass' ? [] : wrapped(figures, columns, indentIn(columns)).map((line) => paint(line, 'dim'))
  return [`${mark} ${code.padEnd(4)}${text}`, ...rest, ...whatToDo(verdict, columns, paint)]
}

function whatToDo(verdict: Verdict, columns: number, paint: Painter): string[] {
  const lines = (word: string, text: string) => hanging(word, text, columns, paint)
  if (verdict.status === 'fail') {
    const set = (verdict.advice ?? []).map((one) => `${one.setting} ${settingWords(one)}`)
    return [
      ...wrapped(verdict.says, columns, indentIn(columns)),
      ...lines('do', verdict.remedy.do),
      ...set.flatMap((text) => lines('set', text)),
    ]
  }
  const because = verdict.status === 'not-judged' ? verdict.because : reason(verdict)
  if (because === undefined) return []
  const meant = because.startsWith('essential') && verdict.notExercised ? lines('do', MEANT) : []
  return [...wrapped(because, columns, indentIn(columns)), ...meant]
}

/** Checks that lack the same line of the target are told together. */
function notJudgedLines(verdicts: readonly Verdict[], sheet: Sheet): string[] {
  const byLine = Map.groupBy(
    verdicts.filter(({ status }) => status === 'not-judged'),
    ({ addLine }) => addLine,
  )
  return [...byLine].flatMap(([addLine, lacking]) => [
    ...lacking.flatMap((verdict) => checkLines(verdict, sheet)),
    ...(addLine === undefined ? [] : hanging('add', addLine, sheet.columns, sheet.paint)),
  ])
}

/** Below the checks: a word, and a text that hangs from it. */
function closing(word: string, text: string, columns: number, paint: Painter): string[] {
  return wrapped(text, columns, 8).map((line, i) => (i === 0 ? `${paint(word.padEnd(8), 'dim')}${line.trimStart()}` : line))
}

function hanging(word: string, text: string, columns: number, paint: Painter): string[] {
  return wrapped(text, columns, indentIn(columns) + 5).map((line, i) =>
    i === 0 ? `${' '.repeat(indentIn(columns))}${paint(word.padEnd(5), 'dim')}${line.trimStart()}` : line,
  )
}

/** Below a check's title; a narrow window has no room for that. */
function indentIn(columns: number): number {
  return columns < narrow ? 4 : indentOfText
}

/** Lines of at most `columns`, each indented; words longer than a line are cut into it. */
function wrapped(text: string, columns: number, indent: number): string[] {
  const room = Math.max(12, columns - indent)
  const lines: string[] = []
  let line = ''
  const words = plain(text, 600)
    .split(' ')
    .flatMap((word) => word.match(new RegExp(`.{1,${room}}`, 'gu')) ?? [])
  for (const word of words) {
    if (line !== '' && [...line].length + 1 + [...word].length > room) {
      lines.push(line)
      line = ''
    }
    line = line === '' ? word : `${line} ${word}`
  }
  if (line !== '') lines.push(line)
  return lines.map((each) => ' '.repeat(indent) + each)
}
