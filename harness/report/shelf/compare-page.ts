// Two runs side by side: verdict by verdict and figure by figure, what has come to fail first; then what differs of where and with what
// they ran, since a figure that moved may have moved for that. It shows, and does not say whether a difference is chance.
import type { Verdict } from '../../checks/check.ts'
import { type Difference, differencesOf, differenceWords, unlike } from '../difference.ts'
import { limitFigure, number, percent } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { conclusion, labels, sentence, symbols } from '../words.ts'
import { frame, type Links } from './frame.ts'
import { unitPhrase, when } from './list-page.ts'
import type { RunCard } from './run-card.ts'

const KINDS: Record<Difference['kind'], string> = {
  broken: 'newly failed',
  mended: 'mended',
  changed: 'judged otherwise',
  new: 'only after',
  gone: 'only before',
  same: '',
}

export function comparePage(before: RunCard, after: RunCard, links: Links): string {
  const differences = differencesOf(before.verdicts, after.verdicts)
  const apart = unlike(before.verdicts, after.verdicts)
  const body = html`<section aria-labelledby="title"><h1 id="title">Two runs, side by side</h1>
<p class="about">${differenceWords(differences)}.</p>
${apart.length > 0 && html`<p class="notice">These are not like runs: ${apart.join('; ')}.</p>`}
<div class="sides">${side('Before', before, links)}${side('After', after, links)}</div></section>
<section aria-labelledby="verdicts"><h2 id="verdicts">Verdicts and figures</h2>
<div class="scroll" role="region" tabindex="0" aria-label="Verdicts and figures"><table class="sidewise"><thead><tr><th scope="col">check</th><th scope="col"></th><th scope="col">before</th><th scope="col" class="num">figure</th><th scope="col">after</th><th scope="col" class="num">figure</th><th scope="col" class="num">moved by</th><th scope="col" class="num">limit</th></tr></thead>
<tbody>${differences.map(row)}</tbody></table></div></section>
${factsSection(before, after)}`
  return frame('Stampede: two runs', body, links)
}

function side(word: string, { id, verdicts, startedAt, files }: RunCard, links: Links): Markup {
  const { status, scenario, target, scale, seed } = verdicts
  return html`<div class="${status}"><h3 class="part">${word}</h3><p class="status"><span class="badge" aria-hidden="true">${symbols[status]}</span> ${conclusion(status)}</p>
<p>${scenario} against ${target}, ${when(startedAt)}</p><p class="muted small">${scale}, seed ${String(seed)}, run ${verdicts.run}</p>
<p class="prose">${sentence(verdicts)}</p><p>${files.map((file) => html`<a href="${links.file(id, file)}">${file}</a> `)}</p></div>`
}

function row({ code, title, before, after, kind }: Difference): Markup {
  const status = (verdict: Verdict | undefined) =>
    verdict
      ? html`<td class="status ${verdict.status}">${symbols[verdict.status]} ${labels[verdict.status]}</td><td class="num">${verdict.measured === undefined ? '–' : limitFigure(verdict.measured, verdict.unit)}</td>`
      : html`<td class="muted">none</td><td class="num">–</td>`
  const limit = after?.limit ?? before?.limit
  const unit = after?.unit ?? before?.unit
  const moved = kind === 'same' ? '' : ` moved ${after?.status ?? 'not-judged'}`
  return html`<tr class="${kind}${moved}"><th scope="row"><span class="muted">${code}</span> ${title}${unitPhrase(unit)}</th><td class="kind">${KINDS[kind]}</td>${status(before)}${status(after)}<td class="num">${movedBy(before, after)}</td><td class="num">${limit === undefined ? '–' : limitFigure(limit, unit)}</td></tr>`
}

/** `+6 rows (+15 %)`; nothing where a unit has changed or one has no figure. */
function movedBy(before: Verdict | undefined, after: Verdict | undefined): string {
  if (before?.measured === undefined || after?.measured === undefined || before.unit !== after.unit) return '–'
  const by = after.measured - before.measured
  if (by === 0) return '0'
  const sign = by > 0 ? '+' : '−'
  const share = before.measured === 0 ? '' : ` (${sign}${percent(Math.abs(by / before.measured))})`
  const shown =
    after.unit === 'of 1' || after.unit === 'share'
      ? `${number(Math.abs(by) * 100)} points`
      : `${limitFigure(Math.abs(by), after.unit)}${share}`
  return `${sign}${shown}`
}

function factsSection(before: RunCard, after: RunCard): Markup {
  const names = [...new Set([...Object.keys(before.facts), ...Object.keys(after.facts)])]
  const differ = names.filter((name) => before.facts[name] !== after.facts[name])
  if (differ.length === 0)
    return html`<section><h2>Surroundings</h2><p>The same server settings, programs, commit and machine, as far as the runs’ files say.</p></section>`
  return html`<section aria-labelledby="facts"><h2 id="facts">What else differs</h2><div class="scroll" role="region" tabindex="0" aria-label="What else differs"><table><thead><tr><th scope="col"></th><th scope="col">before</th><th scope="col">after</th></tr></thead>
<tbody>${differ.map((name) => html`<tr><th scope="row" class="mono">${name}</th><td class="words">${before.facts[name] ?? '–'}</td><td class="words">${after.facts[name] ?? '–'}</td></tr>`)}</tbody></table></div></section>`
}
