// The top of the page: the verdict in a word, the sentence a person would say, how much was judged, and what one must know
// before believing it (a weakened server, a run that was cut short, what was odd).
import type { Status, Verdicts } from '../../checks/check.ts'
import type { History } from '../../history/history.ts'
import { count, duration, number } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import { checkAnchor, type Source } from '../source.ts'
import { against, conclusion, labels, ordered, sentence, statuses, symbols, tally } from '../words.ts'

const longestSentence = 400

export function badge(status: Status): Markup {
  return html`<span class="badge" aria-hidden="true">${symbols[status]}</span>`
}

export function verdictSection({ history, verdicts }: Source): Markup {
  const { status, scenario, target } = verdicts
  const spoken = plain(sentence(verdicts), longestSentence)
  return html`<section id="verdict" class="verdict ${status}" aria-labelledby="conclusion">
<p class="eyebrow">${scenario} against ${target}</p>
<h1 id="conclusion">${badge(status)} ${conclusion(status)}</h1>
<p class="spoken">${spoken}</p>
${status !== 'pass' && html`<p class="headline">${tally(verdicts)}</p>`}
${fails(verdicts)}
${notices(history, verdicts).map((notice) => html`<p class="notice">${notice}</p>`)}
<ul class="counts">${statuses.map((each) => countOf(verdicts, each))}</ul>
${facts(history, verdicts)}
</section>`
}

function countOf({ verdicts }: Verdicts, status: Status): Markup {
  const these = verdicts.filter((verdict) => verdict.status === status).length
  const inside = html`${badge(status)} <b>${these}</b> <span>${labels[status].toLowerCase()}</span>`
  if (these === 0) return html`<li class="${status} none"><a>${inside}</a></li>`
  return html`<li class="${status}"><a href="#checks-${status}">${inside}</a></li>`
}

const failsShown = 6

/** What did not hold, a line each, before anything else: where to go on reading. */
function fails({ verdicts }: Verdicts): Markup {
  const failed = ordered(verdicts).filter(({ status }) => status === 'fail')
  if (failed.length === 0) return html``
  const lines = failed.slice(0, failsShown).map((verdict) => {
    const { check, code, title } = verdict
    return html`<li class="fail"><a href="#${checkAnchor(check)}">${badge('fail')}<span><span class="muted">${code}</span> <b>${title}</b></span><span class="figures">${against(verdict)}</span></a></li>`
  })
  return html`<ul class="fails">${lines}</ul>`
}

function notices({ manifest }: History, { weaken }: Verdicts): Markup[] {
  const { state, starved, notes } = manifest
  return [
    ...(weaken === undefined ? [] : [html`The server was weakened on purpose: <code>${weaken}</code>. A fail is what this run is for.`]),
    ...(state === 'complete' ? [] : [html`The run was stopped before its end. What was recorded until then is judged.`]),
    ...(starved ? [html`The generator was held back on purpose.`] : []),
    ...(notes.length > 0
      ? [html`${count(notes.length, 'thing')} worth knowing about this run: see <a href="#certainty">how sure</a>.`]
      : []),
  ]
}

function facts({ manifest, plan, calls }: History, { scale, seed }: Verdicts): Markup {
  const rows: [string, string][] = [
    ['Started', manifest.startedAt.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')],
    ['Length', `${duration(plan.endsAtMs)}, ${scale}`],
    ['Agents', agents(plan.agents)],
    ['Calls', number(calls.length)],
    ['Protocol', manifest.protocol],
    ['Seed', String(seed)],
  ]
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function agents(all: History['plan']['agents']): string {
  const hostile = all.filter((agent) => agent.hostile).length
  return hostile === 0 ? number(all.length) : `${number(all.length - hostile)} and ${number(hostile)} hostile`
}
