// What a person sees while a run goes on, as lines: phase with time left and faults in force; what is offered and what comes of it a
// second; breakers as lanes over the run's time; pools as bars. Pure: text out, nothing written. Widths from 20 columns on are kept to,
// what matters least is left out first; names from the server cannot move the cursor or colour the screen; without colour nothing is lost.
// Not modelled: wide (East Asian) glyphs count as one column.
import { duration, number } from './figures.ts'
import { type Look, type Painter, type Part, painter } from './paint.ts'
import { plain, short } from './plain.ts'

interface Counts {
  offered: number
  good: number
  late: number
  refused: number
  failed: number
}

export interface LiveState {
  phase: string
  /** Until the end of the plan, ms. */
  leftMs: number
  /** The whole plan, ms. */
  totalMs: number
  perSecond: Counts
  p95Ms: number
  /** How late calls leave, ms. */
  sentLateMs: number
  /** Faults in force. */
  faults: readonly string[]
  breakers: readonly { name: string; open: boolean; spans: readonly { fromMs: number; toMs: number }[] }[]
  pools: readonly { name: string; used: number; waiting: number; most: number }[]
}

const BAR_COLUMNS = 16
const LANE_COLUMNS = 24
/** A breaker's name, the gap, and ` open`. */
const BESIDE_LANE_COLUMNS = 18
const POOL_COLUMNS = 8
const LABEL_COLUMNS = 10
/** Later than this, the generator does not keep its plan: gate G1 would say so. */
const LATE_MS = 50

/** Two to four lines of at most `width` columns each, without line ends. */
export function liveLines(state: LiveState, look: Look): string[] {
  return [first(state), rates(state, 'a second'), breakers(state, look.width), pools(state)]
    .filter((parts) => parts.length > 0)
    .map((parts) => fitted(parts, look))
}

/** All that fits of it in one line: where a cursor cannot go back. */
export function liveLine(state: LiveState, look: Look): string {
  return fitted([...first(state), ...rates(state, undefined)], look)
}

function first({ phase, leftMs, totalMs, faults }: LiveState): Part[] {
  const done = totalMs <= 0 ? 1 : Math.min(1, Math.max(0, 1 - leftMs / totalMs))
  const filled = Math.round(BAR_COLUMNS * done)
  return [
    { text: plain(phase, 20).padEnd(LABEL_COLUMNS), weight: 9, paint: 'bold' },
    { text: '█'.repeat(filled) + '░'.repeat(BAR_COLUMNS - filled), weight: 2 },
    { text: `${Math.ceil(Math.max(0, leftMs) / 1_000)} s left`.padStart(9), weight: 8 },
    { text: faults.length > 0 ? `! ${faults.map((name) => short(name, 24)).join(', ')}` : '', weight: 7, paint: 'yellow' },
  ]
}

function rates({ perSecond, p95Ms, sentLateMs }: LiveState, label: string | undefined): Part[] {
  const { offered, good, late, refused, failed } = perSecond
  const each = (name: string, value: number, weight: number, paint?: Part['paint']): Part => {
    const text = value > 0 && value < 10 ? number(Math.max(0.1, Math.round(value * 10) / 10)) : number(Math.round(value))
    return { text: label === undefined ? `${name} ${text}/s` : `${name} ${text.padStart(4)}`, weight, paint }
  }
  return [
    { text: label === undefined ? '' : label.padEnd(LABEL_COLUMNS), weight: 1, paint: 'dim' },
    each('offered', offered, 5),
    each('good', good, 8, good > 0 ? 'green' : undefined),
    each('refused', refused, 4),
    each('failed', failed, 7, failed > 0 ? 'red' : undefined),
    ...(late > 0 ? [each('too late', late, 3)] : []),
    { text: `p95 ${duration(Math.round(p95Ms))}`, weight: 6 },
    {
      text: sentLateMs >= 1 ? `sent ${duration(Math.round(sentLateMs))} late` : '',
      weight: sentLateMs >= LATE_MS ? 9 : 2,
      paint: sentLateMs >= LATE_MS ? 'yellow' : undefined,
    },
  ]
}

/** A lane is the whole run: `─` closed, `█` open, `·` still to come. */
function breakers({ breakers: all, leftMs, totalMs }: LiveState, width: number): Part[] {
  if (all.length === 0) return []
  const columns = Math.max(6, Math.min(LANE_COLUMNS, Math.floor((width - LABEL_COLUMNS) / all.length) - BESIDE_LANE_COLUMNS))
  const stepMs = totalMs / columns
  const lanes = all.map(({ name, open, spans }): Part => {
    const lane = Array.from({ length: columns }, (_, i) => {
      if (i * stepMs > totalMs - leftMs) return '·'
      return spans.some(({ fromMs, toMs }) => toMs >= i * stepMs && fromMs < (i + 1) * stepMs) ? '█' : '─'
    })
    return { text: `${short(name, 14)} ${lane.join('')}${open ? ' open' : ''}`, weight: open ? 8 : 5, paint: open ? 'red' : undefined }
  })
  return [{ text: 'breakers'.padEnd(LABEL_COLUMNS), weight: 1, paint: 'dim' }, ...lanes]
}

function pools({ pools: all }: LiveState): Part[] {
  const busy = all.filter(({ most }) => most > 0)
  if (busy.length === 0) return []
  const bars = busy.map(({ name, used, waiting, most }): Part => {
    const filled = Math.min(POOL_COLUMNS, Math.round((POOL_COLUMNS * used) / most))
    const queue = waiting > 0 ? ` +${number(waiting)} waiting` : ''
    const text = `${short(name, 14)} ${'█'.repeat(filled)}${'░'.repeat(POOL_COLUMNS - filled)} ${number(used)}${queue}`
    return { text, weight: 4 + Math.min(4, waiting), paint: waiting > 0 ? 'yellow' : undefined }
  })
  return [{ text: 'pools'.padEnd(LABEL_COLUMNS), weight: 1, paint: 'dim' }, ...bars]
}

/** What weighs least is left out until the rest fits; the last part is cut. */
function fitted(all: readonly Part[], { width, colour }: Look): string {
  const parts = all.filter(({ text }) => text !== '')
  const columns = () => parts.reduce((sum, { text }) => sum + [...text].length + 2, -2)
  while (columns() > width && parts.length > 1) {
    const least = Math.min(...parts.map(({ weight }) => weight))
    parts.splice(
      parts.findLastIndex(({ weight }) => weight === least),
      1,
    )
  }
  const paint: Painter = painter(colour)
  return parts.map(({ text, paint: as }) => paint(columns() > width ? short(text, width) : text, as)).join('  ')
}
