// A figure of one check over the runs of a series, oldest at the left: a line, the limit as a dashed one, and a mark for each run by its
// verdict (a cross for a fail, a ring for what could not be told, a dot for a pass), so that colour is never the only sign. An SVG of fixed
// size, drawn without a script. At most 40 runs, the newest.
import type { Verdict } from '../../checks/check.ts'
import { figure } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { labels } from '../words.ts'
import type { RunCard } from './run-card.ts'

const RUNS_MAX = 40
const [WIDTH, HEIGHT, EDGE] = [240, 34, 6]

/** @param runs newest first */
export function trend(check: string, runs: readonly RunCard[]): Markup {
  const verdicts = runs
    .slice(0, RUNS_MAX)
    .reverse()
    .map(({ verdicts: { verdicts: all } }) => all.find((verdict) => verdict.check === check))
  const values = verdicts.flatMap((verdict) => [verdict?.measured, verdict?.limit]).filter((value) => value !== undefined)
  const top = Math.max(...values, Number.MIN_VALUE)
  const bottom = Math.min(0, ...values)
  const y = (value: number) => round(HEIGHT - EDGE - ((value - bottom) / (top - bottom)) * (HEIGHT - 2 * EDGE))
  const step = (WIDTH - 2 * EDGE) / Math.max(1, verdicts.length - 1)
  const points = verdicts.flatMap((verdict, i) =>
    verdict?.measured === undefined ? [] : [{ verdict, x: round(WIDTH - EDGE - (verdicts.length - 1 - i) * step), y: y(verdict.measured) }],
  )
  const limit = verdicts.findLast((verdict) => verdict?.limit !== undefined)?.limit
  const told = points.map(({ verdict }) => `${figure(verdict.measured, verdict.unit)} (${labels[verdict.status].toLowerCase()})`).join(', ')
  return html`<svg class="trend" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="oldest to newest: ${told}">
${limit !== undefined && html`<line class="limit" x1="0" x2="${WIDTH}" y1="${y(limit)}" y2="${y(limit)}"/>`}
<polyline points="${points.map((point) => `${point.x},${point.y}`).join(' ')}"/>
${points.map(mark)}</svg>`
}

function mark({ verdict, x, y }: { verdict: Verdict; x: number; y: number }): Markup {
  const says = html`<title>${figure(verdict.measured, verdict.unit)}, ${labels[verdict.status]}</title>`
  if (verdict.status === 'fail') return html`<path class="fail" d="M${x - 3.5} ${y - 3.5}l7 7m0-7l-7 7">${says}</path>`
  return html`<circle class="${verdict.status}" cx="${x}" cy="${y}" r="${verdict.status === 'pass' ? 2.5 : 3.5}">${says}</circle>`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
