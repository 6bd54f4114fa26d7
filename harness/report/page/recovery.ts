// The recovery ruler, and the same for every window in figures.
import type { Units } from '../../discover.ts'
import type { Chart } from '../charts/chart.ts'
import { duration, moment } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import { type Mark, recoveriesOf } from '../recovery.ts'
import type { Source } from '../source.ts'
import { chartsOf } from './figure.ts'

export async function recoverySection({ history }: Source, charts: Units<Chart>): Promise<Markup> {
  const all = recoveriesOf(history)
  if (all.length === 0) return html``
  const names = [...new Set(all.flatMap(({ marks }) => marks.map(({ name }) => name)))]
  return html`<section id="recovery" aria-labelledby="recovery-title">
<h2 id="recovery-title">The way back</h2>
<p class="about">How soon after the stress agents got their answers, queues were empty and breakers closed.</p>
${await chartsOf(history, charts, 'recovery')}
<div class="scroll" role="region" tabindex="0" aria-label="Recovery, window by window"><table>
<thead><tr><th scope="col">window</th><th scope="col">over when</th><th scope="col" class="num">at, s</th>${names.map((name) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead>
<tbody>${all.map(
    ({ window, end, endMs, marks }) =>
      html`<tr><th scope="row">${plain(window, 40)}</th><td>${plain(end, 80)}</td><td class="num">${moment(endMs)}</td>${names.map((name) => took(marks.find((mark) => mark.name === name)))}</tr>`,
  )}</tbody></table></div>
</section>`
}

function took(mark: Mark | undefined): Markup {
  if (!mark || mark.tookMs === 'unseen') return html`<td class="num zero">not shown</td>`
  if (mark.tookMs === 'never') return html`<td class="num bad">✕ not yet</td>`
  return html`<td class="num">${mark.tookMs === 0 ? 'at once' : `+ ${duration(Math.round(mark.tookMs))}`}</td>`
}
