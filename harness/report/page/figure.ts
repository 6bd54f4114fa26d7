// A chart on the page: what it shows in words, then the picture, then its figures for whoever points at it. A chart that this target cannot
// fill says which line to add.
import type { Unit, Units } from '../../discover.ts'
import type { History } from '../../history/history.ts'
import type { Chart, Place } from '../charts/chart.ts'
import { html, type Markup, trusted } from '../markup.ts'
import { readingsOf } from '../readings.ts'
import { drawBoth } from '../svg.ts'

/** Every chart of a place, in its order. */
export async function chartsOf(history: History, charts: Units<Chart>, place: Place): Promise<Markup[]> {
  const here = charts.all.filter(({ value }) => value.place === place)
  const inOrder = here.sort((a, b) => a.value.order - b.value.order || (a.id < b.id ? -1 : 1))
  const drawn: Markup[] = []
  for (const unit of inOrder) drawn.push(await chartFigure(history, unit))
  return drawn
}

async function chartFigure(history: History, { id, value: chart }: Unit<Chart>): Promise<Markup> {
  const lacking = chart.needs.map((need) => history.manifest.offers[need]).find((offer) => offer !== true)
  if (chart.needs.length > 0 && lacking !== undefined) {
    return html`<p class="unshown"><b>${chart.title}</b>: this target does not show it. To see it, add <code>${lacking}</code> to the target.</p>`
  }
  const spec = chart.draw(history)
  if (!spec) return html``
  const timed = chart.place === 'timeline' || JSON.stringify(spec).includes('"field":"atS"')
  const readings = timed ? readingsOf(spec) : undefined
  return html`<figure id="chart-${id}" aria-label="${chart.title}"${timed && html` data-ends="${history.plan.endsAtMs / 1000}"`}>
<figcaption><b>${chart.title}</b> ${chart.caption}</figcaption>
${await drawBoth(spec, id)}
${readings && html`<script type="application/json" class="readings">${trusted(inScript(readings))}</script>`}
</figure>`
}

/** JSON that cannot end its element. */
export function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029')
}
