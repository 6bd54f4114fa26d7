// All runs on one page: a series for each scenario and target, with the key figures over time and the runs below, newest first. Any two can
// be picked and compared. Long series are folded; at most 200 runs of one are listed.
import { count, limitFigure } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { labels, sentence, symbols } from '../words.ts'
import { frame, type Links } from './frame.ts'
import { keyChecks, type RunCard, runBefore, type Series, type Shelf, seriesOf } from './run-card.ts'
import { trend } from './trend.ts'

const OPEN = 8
const LISTED_MAX = 200
const KEY_CHECKS = 6
/** Of a run's files; the rest lies behind its page. */
const SHOWN: ReadonlySet<string> = new Set(['report.html', 'findings.md', 'verdicts.json'])

export interface Filter {
  scenario?: string
  target?: string
  status?: string
}

export function listPage(shelf: Shelf, links: Links, filter: Filter = {}): string {
  const { runs, damaged, left, folder } = shelf
  const wanted = runs.filter(
    ({ verdicts }) =>
      (!filter.scenario || verdicts.scenario === filter.scenario) &&
      (!filter.target || verdicts.target === filter.target) &&
      (!filter.status || verdicts.status === filter.status),
  )
  const all = seriesOf(wanted)
  const body = html`<section aria-labelledby="title"><h1 id="title">${count(runs.length, 'run')} in ${folder}</h1>
<p class="about">${wanted.length < runs.length && html`${count(wanted.length, 'run')} shown. `}${left > 0 && html`${count(left, 'older folder')} not looked into. `}Oldest at the left of each line; × did not hold, ○ could not be told, the dashed line is the limit.</p>
${links.form !== undefined && filters(shelf, filter)}</section>
${
  links.form === undefined
    ? all.map((one) => seriesSection(one, links))
    : html`<form action="${links.form}" method="get">${all.map((one) => seriesSection(one, links))}
${wanted.length > 1 && html`<div class="bar-below row"><button type="submit">Compare the two picked</button><span class="muted small">pick one as “before” and one as “after”; without a pick, the newest two of the first series</span></div>`}</form>`
}
${all.length === 0 && html`<section><p>There is no run here${runs.length > 0 && ' that fits'}. One more: <code>npm run scenario runaway-loop</code></p></section>`}
${damaged.length > 0 && damagedSection(damaged)}`
  return frame(`Stampede: ${count(runs.length, 'run')}`, body, links)
}

function filters({ runs }: Shelf, filter: Filter): Markup {
  const choice = (name: keyof Filter, values: string[]) => {
    const distinct = [...new Set(values)].sort()
    return html`<label>${name} <select name="${name}"><option value="">all</option>${distinct.map((value) => html`<option value="${value}"${filter[name] === value && html` selected`}>${value}</option>`)}</select></label>`
  }
  const chosen = <K extends 'scenario' | 'target' | 'status'>(name: K) => runs.map(({ verdicts }) => String(verdicts[name]))
  return html`<form class="row" method="get">${choice('scenario', chosen('scenario'))}${choice('target', chosen('target'))}${choice('status', chosen('status'))}<button type="submit">Show</button></form>`
}

function seriesSection(series: Series, links: Links): Markup {
  const { scenario, target, weaken, runs } = series
  const [newest] = runs
  const listed = runs.slice(0, LISTED_MAX)
  const rest = listed.slice(OPEN)
  return html`<section aria-label="${scenario} against ${target}"><h2>${scenario} <span class="muted">against</span> ${target}${weaken !== undefined && html` <span class="muted">weakened by</span> ${weaken}`}</h2>
<p class="about">${count(runs.length, 'run')}, the newest ${when(newest?.startedAt ?? '')}</p>
${figuresTable(series)}
${runsTable(listed.slice(0, OPEN), series, links)}
${rest.length > 0 && html`<details class="more"><summary>${count(rest.length, 'older run')}</summary>${runsTable(rest, series, links)}</details>`}
${runs.length > listed.length && html`<p class="muted small">${count(runs.length - listed.length, 'older run')} not listed.</p>`}</section>`
}

function figuresTable(series: Series): Markup | false {
  const checks = keyChecks(series, KEY_CHECKS)
  const [newest] = series.runs
  if (checks.length === 0 || !newest) return false
  const rows = checks.map(({ check, code, title, unit }) => {
    const now = newest.verdicts.verdicts.find((verdict) => verdict.check === check)
    return html`<tr><th scope="row"><span class="muted">${code}</span> ${title}${unitPhrase(unit)}</th><td>${trend(check, series.runs)}</td><td class="num">${now?.measured === undefined ? '–' : limitFigure(now.measured, unit)}</td><td class="num">${now?.limit === undefined ? '–' : limitFigure(now.limit, unit)}</td></tr>`
  })
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Key figures of ${series.scenario}"><table class="lines"><thead><tr><th scope="col">figure</th><th scope="col">over time</th><th scope="col" class="num">newest</th><th scope="col" class="num">limit</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

function runsTable(runs: readonly RunCard[], series: Series, links: Links): Markup {
  const picks = links.form !== undefined
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Runs of ${series.scenario}"><table class="runs"><thead><tr>${picks && html`<th scope="col">before</th><th scope="col">after</th>`}<th scope="col">started</th><th scope="col">verdict</th><th scope="col">what a person would say</th><th scope="col">seed, scale</th><th scope="col">commit</th><th scope="col">look at</th></tr></thead>
<tbody>${runs.map((run) => runRow(run, series, links))}</tbody></table></div>`
}

function runRow(run: RunCard, series: Series, links: Links): Markup {
  const { id, verdicts, startedAt, facts, files } = run
  const { status, scale, seed } = verdicts
  const before = runBefore(series, run)
  const against = before && links.compare(before.id, id)
  const pick = (name: string) =>
    html`<td class="pick"><input type="radio" name="${name}" value="${id}" aria-label="${when(startedAt)} as ${name}"></td>`
  return html`<tr class="${status}">${links.form !== undefined && html`${pick('before')}${pick('after')}`}<td class="nowrap">${when(startedAt)}</td>
<td class="status"><span class="badge" aria-hidden="true">${symbols[status]}</span>${labels[status]}</td>
<td class="words">${sentence(verdicts)}</td>
<td class="nowrap">${String(seed)}, ${scale}</td><td class="nowrap mono">${(facts.commit ?? '').slice(0, 8) || '–'}</td>
<td class="looks">${files.filter((file) => SHOWN.has(file)).map((file) => html`<a href="${links.file(id, file)}">${file.replace(/\.(?:html|md|json|xml)$/, '')}</a> `)}${against !== undefined && html`<a href="${against}">compare with the one before</a>`}</td></tr>`
}

function damagedSection(damaged: Shelf['damaged']): Markup {
  return html`<section class="unknown"><h2>${count(damaged.length, 'folder')} that cannot be read</h2><p class="about">They are left as they are.</p>
<table><thead><tr><th scope="col">folder</th><th scope="col">what is wrong</th></tr></thead><tbody>${damaged.slice(0, LISTED_MAX).map(({ id, problem }) => html`<tr><td class="mono">${id}</td><td class="words">${problem}</td></tr>`)}</tbody></table></section>`
}

/** A unit that is a phrase is told once, below what it measures. */
export function unitPhrase(unit = ''): Markup | false {
  return unit.includes(' ') && unit !== 'of 1' && html`<span class="unit">${unit}</span>`
}

/** `2026-11-21 14:09:09 UTC`. */
export function when(iso: string): string {
  return iso.replace('T', ' ').replace(/(?:\.\d+)?Z$/, ' UTC')
}
