// What happened, on one time axis: every chart whose needs the target offers, one under the other with the same edges, then
// the same figures as a table, for those who do not see the charts or want the numbers.
import type { Unit, Units } from '../../discover.ts'
import type { History } from '../../history/history.ts'
import { measured } from '../../history/queries.ts'
import type { Chart } from '../charts/chart.ts'
import { number } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { largest, seriesOf } from '../series.ts'
import { drawBoth } from '../svg.ts'

const mostRows = 60

export async function timelineSection(history: History, charts: Units<Chart>): Promise<Markup> {
  const inOrder = [...charts.all].sort((a, b) => a.value.order - b.value.order || (a.id < b.id ? -1 : 1))
  const drawn: Markup[] = []
  for (const unit of inOrder) drawn.push(await figure(history, unit))
  return html`<section id="timeline" aria-labelledby="timeline-title">
<h2 id="timeline-title">What happened</h2>
<p class="about">All charts share one axis: seconds since the start of the run.</p>
${drawn}
${table(history)}
</section>`
}

async function figure(history: History, { id, value: chart }: Unit<Chart>): Promise<Markup> {
  const lacking = chart.needs.map((need) => history.manifest.offers[need]).find((offer) => offer !== true)
  if (chart.needs.length > 0 && lacking !== undefined) {
    return html`<p class="unshown"><b>${chart.title}</b>: this target does not show it. To see it, add <code>${lacking}</code> to the target.</p>`
  }
  const spec = chart.draw(history)
  if (!spec) return html``
  return html`<figure id="chart-${id}" role="group" aria-label="${chart.title}">
<figcaption><b>${chart.title}</b> ${chart.caption}</figcaption>
${await drawBoth(spec, id)}
</figure>`
}

function table(history: History): Markup {
  const moments = momentsOf(history, mostRows, measured)
  const sampled = (['poolUsed', 'poolWaiting'] as const).map((name) => sums(history, name))
  return html`<details class="more timetable"><summary>The same in figures</summary>
<div class="scroll" role="region" tabindex="0" aria-label="The run in figures">
<table><caption>Calls of measured agents in each stretch of ${number(moments[0] ? (moments[0].toMs - moments[0].fromMs) / 1000 : 0)} s.
Late: right, but after the SLO. Times in ms, of served calls. Pool: the largest samples, all pools together.</caption>
<thead><tr><th scope="col" class="num">from, s</th><th scope="col">phase</th>${['offered', 'good', 'late', 'refused', 'failed', 'p50', 'p99', 'pool used', 'waiting'].map((name) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead>
<tbody>${moments.map((moment) => row(history, moment, sampled))}</tbody></table></div></details>`
}

function row(history: History, moment: Moment, sampled: Map<number, number>[]): Markup {
  const phase = history.plan.phases.find(({ fromMs, toMs }) => moment.fromMs >= fromMs && moment.fromMs < toMs)
  const { offered, good, late, refused, failed, latencyMsP50, latencyMsP99 } = moment
  const figures = [
    offered,
    good,
    late,
    refused,
    failed,
    rounded(latencyMsP50),
    rounded(latencyMsP99),
    ...sampled.map((sums) => sums.get(moment.fromMs)),
  ]
  return html`<tr><th scope="row" class="num">${number(moment.fromMs / 1000)}</th><td>${phase?.name ?? ''}</td>${figures.map((value) => cell(value))}</tr>`
}

export function cell(value: number | undefined): Markup {
  if (value === undefined) return html`<td class="num zero">–</td>`
  return html`<td class="num${value === 0 ? ' zero' : ''}">${number(value)}</td>`
}

function rounded(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value)
}

function sums(history: History, name: string): Map<number, number> {
  const total = new Map<number, number>()
  for (const series of seriesOf(history, name)) {
    for (const { fromMs, value } of largest(history, series, mostRows)) total.set(fromMs, (total.get(fromMs) ?? 0) + value)
  }
  return total
}
