// What happened, on one time axis: every chart whose needs the target offers, one under the other with the same edges, then
// the same figures as a table, for those who do not see the charts or want the numbers.
import type { Units } from '../../discover.ts'
import type { History } from '../../history/history.ts'
import type { Chart } from '../charts/chart.ts'
import { number } from '../figures.ts'
import { isMeasured } from '../kinds.ts'
import { html, type Markup, trusted } from '../markup.ts'
import { type Moment, momentsOf } from '../moments.ts'
import { short } from '../plain.ts'
import { largest, seriesOf } from '../series.ts'
import type { Source } from '../source.ts'
import { chartsOf, inScript } from './figure.ts'

const mostRows = 60

export async function timelineSection({ history }: Source, charts: Units<Chart>): Promise<Markup> {
  return html`<section id="timeline" aria-labelledby="timeline-title">
<h2 id="timeline-title">What happened</h2>
<p class="about">All charts share one axis: seconds since the start of the run.</p>
<div class="zoom"><script type="application/json">${trusted(inScript(stretches(history)))}</script></div>
${await chartsOf(history, charts, 'timeline')}
${table(history)}
</section>`
}

/** What one may want to see larger, in seconds. */
function stretches({ plan }: History): { name: string; fromS: number; toS: number }[] {
  const windows = new Set(plan.phases.map(({ window }) => window).filter(Boolean)).size
  return plan.phases.slice(0, 12).map(({ name, window, fromMs, toMs }) => {
    const words = windows > 1 && window !== undefined ? `${name} ${short(window, 16)}` : name
    return { name: words, fromS: fromMs / 1000, toS: toMs / 1000 }
  })
}

function table(history: History): Markup {
  const moments = momentsOf(history, mostRows, isMeasured)
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
  const { offered, good, late, refused, failed, latencyMs } = moment
  const figures = [
    offered,
    good,
    late,
    refused,
    failed,
    rounded(latencyMs.ok?.[0]),
    rounded(latencyMs.ok?.[1]),
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
