// Retry-After: promised against kept, as a picture and as the sentence a person would say. Left out
// when nobody was told to wait and came back.
import type { Units } from '../../discover.ts'
import type { Chart } from '../charts/chart.ts'
import { duration, number, percent } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import { callAnchor, type Source } from '../source.ts'
import { type Wait, waitsOf } from '../waits.ts'
import { chartsOf } from './figure.ts'

const LIES_MAX = 5

export async function waitsSection({ history, homes }: Source, charts: Units<Chart>): Promise<Markup> {
  const waits = waitsOf(history)
  const told = history.calls.some(({ evidence }) => evidence.retryAfter !== undefined || evidence.data?.retryAfterMs !== undefined)
  if (waits.length === 0) {
    return html`<section id="waits" aria-labelledby="waits-title"><h2 id="waits-title">Told to wait</h2>
<p class="about">${told ? 'Refusals named a wait, but nobody came back after one.' : 'No answer of this run named a wait.'}</p></section>`
  }
  const obeyed = waits.filter((wait) => wait.obeyed)
  const lies = obeyed.filter(({ letIn }) => !letIn)
  return html`<section id="waits" aria-labelledby="waits-title">
<h2 id="waits-title">Told to wait</h2>
<p class="statement">${sentence(waits, obeyed, lies)}</p>
${await chartsOf(history, charts, 'waits')}
${lies.length > 0 && html`<h3 class="part">Waited as told, and refused again</h3><ul class="plainly">${lies.slice(0, LIES_MAX).map((lie) => lieLine(lie, homes.has(lie.back.index)))}</ul>`}
</section>`
}

function sentence(waits: readonly Wait[], obeyed: readonly Wait[], lies: readonly Wait[]): string {
  const early = waits.length - obeyed.length
  const soon = early === 0 ? '' : ` ${number(early)} came back sooner than told.`
  if (obeyed.length === 0) return `Nobody waited as long as told.${soon}`
  if (lies.length === 0) return `All ${number(obeyed.length)} returns that had waited as told were let in.${soon}`
  return `${number(lies.length)} of ${number(obeyed.length)} returns that had waited as told were refused again (${percent(lies.length / obeyed.length)}).${soon}`
}

function lieLine({ refused, back, toldMs, waitedMs }: Wait, linked: boolean): Markup {
  const name = html`<code>${plain(back.call, 60)}</code>`
  return html`<li>${plain(refused.agent, 40)} was told ${duration(Math.round(toldMs))}, stayed away ${duration(Math.round(waitedMs))}, and was refused again: ${linked ? html`<a href="#${callAnchor(back)}">${name}</a>` : name}</li>`
}
