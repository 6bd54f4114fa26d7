// The agents: sampled ones call by call, what each persona made of the run, and what the hosts of
// real clients would have had in hand of each refusal.
import type { Units } from '../../discover.ts'
import { type PersonaRow, personaRows } from '../agents.ts'
import type { Chart } from '../charts/chart.ts'
import { type ClientView, type Refused, refusalsOf, sightOf } from '../clients.ts'
import { number, percent } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import type { Source } from '../source.ts'
import { chartsOf } from './figure.ts'

const PERSONAS_MAX = 30

export async function agentsSection({ history, clients }: Source, charts: Units<Chart>): Promise<Markup> {
  const rows = personaRows(history)
  return html`<section id="agents" aria-labelledby="agents-title">
<h2 id="agents-title">Agents</h2>
<p class="about">Of every persona the agent that fared worst and the one in the middle.</p>
${await chartsOf(history, charts, 'agents')}
<h3 class="part">What each persona made of it</h3>
<div class="scroll" role="region" tabindex="0" aria-label="Personas"><table>
<thead><tr><th scope="col">persona</th>${['agents', 'wanted', 'calls', 'calls a wish', 'good', 'refused', 'failed', 'waited as told'].map((name) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead>
<tbody>${rows.slice(0, PERSONAS_MAX).map(personaLine)}</tbody></table></div>
<p class="muted small apart">Wanted: what agents set out to do, however often they had to ask. Calls a wish above 1: they asked again.</p>
${seenByClients(refusalsOf(history.calls), clients)}
</section>`
}

function personaLine({ persona, hostile, agents, intents, calls, good, refused, failed, told, obeyed }: PersonaRow): Markup {
  const share = (part: number) => (calls === 0 ? '–' : percent(part / calls))
  return html`<tr><th scope="row">${plain(persona, 40)}${hostile && html` <span class="muted">the stress</span>`}</th><td class="num">${number(agents)}</td><td class="num">${number(intents)}</td><td class="num">${number(calls)}</td><td class="num">${intents === 0 ? '–' : (calls / intents).toFixed(2)}</td><td class="num">${share(good)}</td><td class="num">${share(refused)}</td><td class="num">${share(failed)}</td><td class="num">${told === 0 ? '–' : `${number(obeyed)} of ${number(told)}`}</td></tr>`
}

function seenByClients(refusals: readonly Refused[], clients: readonly ClientView[]): Markup {
  if (refusals.length === 0 || clients.length === 0) return html``
  return html`<h3 class="part">What a real client would have shown its host</h3>
<p class="muted small prose">Recorded with the clients named; a client can only pass on what this server sent. <b>field</b>: a program can read it. <b>in the text</b>: only as words within a longer message. <b>–</b>: the host does not get it. No client shows its host the Retry-After header.</p>
${refusals.map((refused, i) => clientTable(refused, clients, i === 0))}`
}

function clientTable(refused: Refused, clients: readonly ClientView[], open: boolean): Markup {
  const views = clients.filter(({ refusal }) => refusal === refused.like)
  const { name, calls, withWait, withHeader } = refused
  const had =
    withWait === 0
      ? withHeader === 0
        ? 'no wait named'
        : 'a wait only in the header, which no client shows'
      : `a wait in the body of ${number(withWait)}`
  return html`<details class="more clients"${open && html` open`}><summary><b>${plain(name, 60)}</b> <span class="muted">${number(calls)} calls, ${had}</span></summary>
<div class="scroll" role="region" tabindex="0" aria-label="${`Clients, ${plain(name, 60)}`}"><table>
<thead><tr>${['client', 'revision', 'arrives as', 'the code', 'the sentence', 'the wait'].map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${views.map((view) => clientLine(view, refused))}</tbody></table></div></details>`
}

function clientLine(view: ClientView, refused: Refused): Markup {
  const { arrives, code, sentence, wait } = sightOf(view, refused)
  const cells = [arrives, code, sentence, wait].map(
    (value) => html`<td${value === '–' && html` class="bad"`}>${value.replaceAll('`', '')}</td>`,
  )
  return html`<tr><th scope="row">${view.client}</th><td>${view.revision}</td>${cells}</tr>`
}
