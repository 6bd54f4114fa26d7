// What a person at a terminal reads: one line while the run goes on, and the verdict at its end. Pure: text out, nothing
// written. Widths are honoured (40 to any), names from the server under test cannot move the cursor or colour the screen,
// and without colour nothing is lost: each status has a symbol. NO_COLOR is the caller's, through `colour`.
// Not modelled: wide (East Asian) glyphs count as one column.
import { styleText } from 'node:util'
import type { Status, Verdict, Verdicts } from '../checks/check.ts'
import { duration, number } from './figures.ts'
import { plain, short } from './plain.ts'
import { against, conclusion, labels, ordered, reason, sentence, symbols, tally } from './words.ts'

export interface LiveState {
  phase: string
  /** Until the end of the plan, ms. */
  leftMs: number
  /** The whole plan, ms: with it the time left is also drawn as a bar. */
  totalMs?: number
  /** Calls since the start. */
  offered: number
  ok: number
  refused: number
  failed: number
  p95Ms: number
  /** Faults in force. */
  faults: readonly string[]
}

interface Part {
  text: string
  weight: number
  paint?: Colour | undefined
}

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold'

interface Look {
  width: number
  colour: boolean
}

const statusColours: Record<Status, Colour> = { fail: 'red', unknown: 'yellow', pass: 'green', 'not-judged': 'dim' }
const narrowest = 40
/** Symbol, status and code stand before it. */
const indentOfText = 17
const barColumns = 16

/** One line of at most `width` columns, without a line end; what matters least is left out first. */
export function liveLine(state: LiveState, { width, colour }: Look): string {
  const left = `${Math.ceil(Math.max(0, state.leftMs) / 1000)} s left`.padStart(9)
  const all: Part[] = [
    { text: plain(state.phase, 20).padEnd(9), weight: 9, paint: 'bold' },
    { text: bar(state), weight: 2 },
    { text: left, weight: 8 },
    { text: state.faults.length > 0 ? `! ${state.faults.map((name) => short(name, 24)).join(', ')}` : '', weight: 7, paint: 'yellow' },
    { text: `offered ${number(state.offered)}`, weight: 5 },
    { text: `ok ${number(state.ok)}`, weight: 6 },
    { text: `refused ${number(state.refused)}`, weight: 4 },
    { text: `failed ${number(state.failed)}`, weight: 6, paint: state.failed > 0 ? 'red' : undefined },
    { text: `p95 ${duration(Math.round(state.p95Ms))}`, weight: 3 },
  ]
  const parts = all.filter(({ text }) => text !== '')
  const columns = () => parts.reduce((sum, { text }) => sum + [...text].length + 2, -2)
  while (columns() > width && parts.length > 1) {
    const least = Math.min(...parts.map(({ weight }) => weight))
    parts.splice(
      parts.findIndex(({ weight }) => weight === least),
      1,
    )
  }
  return parts.map(({ text, paint }) => painter(colour)(columns() > width ? short(text, width) : text, paint)).join('  ')
}

function bar({ leftMs, totalMs }: LiveState): string {
  if (totalMs === undefined || totalMs <= 0) return ''
  const done = Math.round(barColumns * Math.min(1, Math.max(0, 1 - leftMs / totalMs)))
  return '█'.repeat(done) + '░'.repeat(barColumns - done)
}

export interface EndOptions extends Look {
  /** The run's folder, as it should be shown. */
  folder: string
  /** What repeats the run. */
  command: string
}

/** The verdict, one line a check (fails first, with what to do), where the report lies and how to repeat it. */
export function endScreen(verdicts: Verdicts, { folder, command, colour, width }: EndOptions): string {
  const columns = Math.max(narrowest, Math.min(width, 120))
  const paint = painter(colour)
  const mark = `${symbols[verdicts.status]} ${conclusion(verdicts.status)}`
  const weakened = verdicts.weaken === undefined ? '' : ` · weakened: ${verdicts.weaken}`
  const what = plain(`${verdicts.scenario} against ${verdicts.target} · ${verdicts.scale} · seed ${verdicts.seed}${weakened}`)
  const spoken = sentence(verdicts)
  const titles = Math.min(52, Math.max(0, ...verdicts.verdicts.map(({ title }) => [...plain(title, 120)].length)))
  const headline = verdicts.status === 'pass' ? [] : wrapped(tally(verdicts), columns, 2)
  return [
    '',
    `${paint(mark, statusColours[verdicts.status], 'bold')}  ${paint(short(what, columns - mark.length - 2), 'dim')}`,
    ...wrapped(spoken, columns, 2),
    ...headline.map((line) => paint(line, 'dim')),
    '',
    ...ordered(verdicts.verdicts).flatMap((verdict) => checkLines(verdict, { columns, titles, paint })),
    '',
    `${paint('Report', 'dim')}  ${plain(folder)}/report.html`,
    `${paint('Repeat', 'dim')}  ${plain(command)}`,
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
  const first = `${mark} ${code.padEnd(4)}${fits && figures ? `${padded}${paint(figures, 'dim')}` : short(name, room)}`
  const rest = fits || !figures ? [] : wrapped(figures, columns, indentOfText).map((line) => paint(line, 'dim'))
  return [first, ...rest, ...whatToDo(verdict, columns, paint)]
}

function whatToDo(verdict: Verdict, columns: number, paint: Painter): string[] {
  const lines = (word: string, text: string) => hanging(word, text, columns, paint)
  if (verdict.status === 'fail') {
    const set = (verdict.advice ?? []).map(
      ({ setting, present, suggested }) => `${setting} ${present === undefined ? '' : `${present} `}→ ${suggested}`,
    )
    return [
      ...wrapped(verdict.says, columns, indentOfText),
      ...lines('do', verdict.remedy.do),
      ...(set.length > 0 ? set : verdict.remedy.setting === undefined ? [] : [verdict.remedy.setting]).flatMap((text) =>
        lines('set', text),
      ),
    ]
  }
  const because = reason(verdict)
  return [
    ...(because === undefined ? [] : wrapped(because, columns, indentOfText)),
    ...(verdict.addLine === undefined ? [] : lines('add', verdict.addLine)),
  ]
}

function hanging(word: string, text: string, columns: number, paint: Painter): string[] {
  return wrapped(text, columns, indentOfText + 5).map((line, i) =>
    i === 0 ? `${indented(paint(word.padEnd(5), 'dim'))}${line.trimStart()}` : line,
  )
}

function indented(text: string): string {
  return ' '.repeat(indentOfText) + text
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

type Painter = (text: string, ...colours: (Colour | undefined)[]) => string

function painter(colour: boolean): Painter {
  return (text, ...colours) => {
    const given = colours.filter((each) => each !== undefined)
    return colour && given.length > 0 ? styleText(given, text, { validateStream: false }) : text
  }
}
