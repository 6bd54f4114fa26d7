// Measured against limit as one bar: a dot for the figure, a whisker for its 95 % interval, a tick for the limit, from zero
// to a little past the largest of them. Drawn only where a bar says more
// than the figures do: not for counts that must be 0.
import type { Verdict } from '../../checks/check.ts'
import { figure } from '../figures.ts'
import { html, type Markup } from '../markup.ts'

const left = 8
const width = 560
const plot = width - 2 * left

export function gauge({ measured, limit, interval, unit, status }: Verdict): Markup {
  if (measured === undefined || limit === undefined || status === 'not-judged') return html``
  const figures = [measured, limit, ...(interval ?? [])]
  const most = Math.max(...figures)
  if (!figures.every((value) => Number.isFinite(value) && value >= 0) || limit === 0) return html``
  const x = (value: number) => Math.round((left + (value / (most * 1.08)) * plot) * 10) / 10
  const whisker =
    interval &&
    html`<path d="M${x(interval[0])} 21v10M${x(interval[0])} 26H${x(interval[1])}M${x(interval[1])} 21v10" stroke="var(--tone)" stroke-width="1.5" fill="none"/>`
  return html`<svg class="gauge" viewBox="0 0 ${width} 52" role="img" aria-label="${`measured ${figure(measured, unit)}, limit ${figure(limit, unit)}`}">
<rect x="${left}" y="24" width="${plot}" height="4" rx="2" fill="var(--line)"/>
<rect x="${left}" y="24" width="${Math.max(0, x(measured) - left)}" height="4" rx="2" fill="var(--tone)" opacity="0.45"/>
${whisker}<path d="M${x(limit)} 16v20" stroke="var(--ink)" stroke-width="2" stroke-dasharray="3 2"/>
<circle cx="${x(measured)}" cy="26" r="5.5" fill="var(--tone)" stroke="var(--paper)" stroke-width="1.5"/>
${label(x(measured), 11, figure(measured, unit), 'value')}${label(x(limit), 49, `limit ${figure(limit, unit)}`, 'limit')}
</svg>`
}

/** Kept inside the drawing: anchored by the end on the right, by the start on the left. */
function label(x: number, y: number, text: string, kind: string): Markup {
  const anchor = x > width * 0.75 ? 'end' : x < width * 0.25 ? 'start' : 'middle'
  const at = anchor === 'end' ? Math.min(width, x + left) : anchor === 'start' ? Math.max(0, x - left) : x
  return html`<text class="${kind}" x="${at}" y="${y}" text-anchor="${anchor}">${text}</text>`
}
