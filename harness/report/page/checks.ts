// The checks, fails first: what was found, measured against its limit, why it matters, what to change, and the very calls
// that show it. Passes are one line each, the others lie open.
import type { Status, Verdict } from '../../checks/check.ts'
import { figure, limitFigure, number } from '../figures.ts'
import { html, type Markup, prose } from '../markup.ts'
import { checkAnchor, type Source } from '../source.ts'
import { capital, labels, marginWords, ordered, reason, statuses } from '../words.ts'
import { gauge } from './gauge.ts'
import { badge } from './verdict.ts'
import { witnessList } from './witnesses.ts'

const mostExhibits = 20

const groups: Record<Status, string> = {
  fail: 'Did not hold',
  unknown: 'Could not be told',
  'not-judged': 'Not judged: this target does not show it',
  pass: 'Held',
}

export function checksSection(source: Source): Markup {
  const all = ordered(source.verdicts.verdicts)
  return html`<section id="checks" aria-labelledby="checks-title">
<h2 id="checks-title">Checks</h2>
<div class="filters" data-filters="checks"></div>
${statuses.map((status) =>
  group(
    source,
    status,
    all.filter((verdict) => verdict.status === status),
  ),
)}
</section>`
}

function group(source: Source, status: Status, verdicts: Verdict[]): Markup {
  if (verdicts.length === 0) return html``
  return html`<div class="${status}" id="checks-${status}">
<h3 class="group">${groups[status]} (${verdicts.length})</h3>
${verdicts.map((verdict) => card(source, verdict))}
</div>`
}

function card(source: Source, verdict: Verdict): Markup {
  const { status, code, title, check } = verdict
  const open = status === 'pass' ? html`` : html` open`
  return html`<details class="card ${status}" id="${checkAnchor(check)}" data-status="${status}"${open}>
<summary>${badge(status)}<h4><span class="unseen">${labels[status]}: </span><span class="code">${code}</span>${title} ${tags(verdict)}</h4>${figures(verdict)}</summary>
<div>
<p class="statement">${prose(capital(verdict.says))}</p>
${because(verdict)}
${gauge(verdict)}
${measures(verdict)}
${status !== 'pass' && html`<h5>Why it matters</h5><p class="prose">${prose(verdict.why)}</p>`}
${status === 'fail' && advice(verdict)}
${exhibits(verdict)}
${witnessList(source, verdict)}
${status === 'pass' && html`<h5>Why it matters</h5><p class="prose">${prose(verdict.why)}</p>`}
<p class="muted small apart">Source: ${verdict.source} · <a href="#${checkAnchor(check)}">link to this check</a></p>
</div></details>`
}

function tags({ essential, notExercised, evidence }: Verdict): Markup {
  const words = [essential && 'essential', notExercised && 'nothing to look at, not counted', evidence === 'inferred' && 'inferred'].filter(
    Boolean,
  )
  return words.length > 0 ? html`<span class="tags">· ${words.join(' · ')}</span>` : html``
}

function figures({ measured, limit, unit, status }: Verdict): Markup {
  if (measured === undefined || status === 'not-judged') return html``
  return html`<div class="figures"><b>${figure(measured, unit)}</b>${limit !== undefined && html`<span>limit ${limitFigure(limit, unit)}</span>`}</div>`
}

function because(verdict: Verdict): Markup {
  const why = reason(verdict)
  if (why === undefined || (why === verdict.says && verdict.addLine === undefined)) return html``
  const line = verdict.addLine !== undefined && html`<p>To have it judged, add this to the target:</p><pre>${verdict.addLine}</pre>`
  return html`<div class="because">${why !== verdict.says && html`<p>${verdict.status === 'unknown' ? 'Unknown because: ' : ''}${why}</p>`}${line}</div>`
}

function measures(verdict: Verdict): Markup {
  const { unit, interval, samples, evidence, sort, status } = verdict
  if (status === 'not-judged') return html``
  const rows: [string, string | undefined][] = [
    ['Margin', marginWords(verdict)],
    ['95 % interval', interval && `${figure(interval[0], unit)} to ${figure(interval[1], unit)}`],
    ['Looked at', number(samples)],
    ['Evidence', evidence],
    ['Kind', sort],
  ]
  const shown = rows.filter(([, value]) => value !== undefined)
  return html`<dl class="measures">${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function advice({ remedy, advice = [] }: Verdict): Markup {
  const rows = advice.map(
    ({ setting, present, suggested }) =>
      html`<tr><td><code>${setting}</code></td><td class="num">${present ?? '–'}</td><td class="num"><b>${present === suggested ? 'already so: the value is right, it is not kept' : suggested}</b></td></tr>`,
  )
  return html`<h5>What to do</h5><div class="advice">
<p>${prose(remedy.do)}</p>
<p class="muted small">Control: <code>${remedy.control}</code>${remedy.runbook !== undefined && html` · runbook: <code>${remedy.runbook}</code>`}</p>
${rows.length > 0 && html`<table><thead><tr><th scope="col">setting</th><th scope="col" class="num">present</th><th scope="col" class="num">suggested</th></tr></thead><tbody>${rows}</tbody></table>`}
</div>`
}

function exhibits({ exhibits }: Verdict): Markup {
  if (exhibits.length === 0) return html``
  const more = exhibits.length - mostExhibits
  return html`<h5>Exhibits</h5><ul class="exhibits mono">${exhibits.slice(0, mostExhibits).map((exhibit) => html`<li>${exhibit}</li>`)}
${more > 0 && html`<li>and ${number(more)} more in verdicts.json</li>`}</ul>`
}
