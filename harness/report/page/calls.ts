// Calls to look through: every one when the run was short, else those that are shown whole and an even sample of each kind and phase, so
// that what is rare is there too. How many of how many is said; all of them are in history.ndjson. The filter above works with scripts on.
import type { Call } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { ascending } from '../../history/sorted.ts'
import { moment, number } from '../figures.ts'
import { kindsOf } from '../kinds.ts'
import { html, type Markup } from '../markup.ts'
import { fate } from '../moments.ts'
import { plain } from '../plain.ts'
import { callAnchor, type Source } from '../source.ts'
import { answerWords, fateSigns } from './call.ts'

const ALL_UP_TO = 300
const OF_A_KIND = 24
const ROWS_MAX = 600

export function callsSection(source: Source): Markup {
  const { history, homes } = source
  const rows = rowsOf(history, new Set(homes.keys()))
  const what =
    rows.length === history.calls.length
      ? `All ${number(rows.length)} calls of the run`
      : `${number(rows.length)} of ${number(history.calls.length)} calls: the witnesses, the slowest, and an even sample of every kind in every phase`
  return html`<section id="calls" aria-labelledby="calls-title">
<h2 id="calls-title">Calls to look through</h2>
<p class="about">${what}. All of them, with everything that was recorded, are in <a href="history.ndjson">history.ndjson</a>.</p>
<div class="filters" data-filters="calls"></div>
<div class="scroll tall" role="region" tabindex="0" aria-label="Calls"><table class="list">
<thead><tr><th scope="col" class="num">sent, s</th><th scope="col">agent</th><th scope="col">tool</th><th scope="col">phase</th><th scope="col">came of it</th><th scope="col" class="num">took, ms</th><th scope="col">class</th><th scope="col">call</th></tr></thead>
<tbody>${rows.map((call) => line(call, homes.has(call.index)))}</tbody></table></div>
</section>`
}

function line(call: Call, whole: boolean): Markup {
  const { sentAtMs, endedAtMs, agent, tool, phase, evidence, class: is, call: id } = call
  const became = fate(call)
  const name = html`<code>${plain(id, 60)}</code>`
  return html`<tr data-fate="${became}"><td class="num">${moment(sentAtMs)}</td><td>${plain(agent, 32)}</td><td>${plain(tool, 32)}</td><td>${phase}</td><td class="came ${became}"><span aria-hidden="true">${fateSigns[became]}</span> ${became} <span class="muted">${answerWords(evidence)}</span></td><td class="num">${endedAtMs === undefined ? '–' : number(Math.round(endedAtMs - sentAtMs))}</td><td>${is}</td><td>${whole ? html`<a href="#${callAnchor(call)}">${name}</a>` : name}</td></tr>
`
}

/** In the order in which they were sent. */
function rowsOf({ calls }: History, whole: ReadonlySet<number>): Call[] {
  if (calls.length <= ALL_UP_TO) return [...calls]
  const kinds = Map.groupBy(kindsOf(calls), ({ alike }) => {
    const { phase, window = '', class: is, good, hostile } = alike
    return `${phase} ${window} ${is} ${good} ${hostile}`
  })
  const chosen = new Set(whole)
  for (const alike of kinds.values()) {
    const indexes = ascending(
      alike.flatMap(({ calls }) => calls),
      ({ index }) => index,
    )
    // A power of two, so that of a run that goes on for longer the same calls are shown.
    let stride = 1
    while (indexes.length > OF_A_KIND * stride) stride *= 2
    for (let i = 0; i < indexes.length && chosen.size < ROWS_MAX; i += stride) chosen.add(indexes[i] as number)
  }
  return [...chosen].sort((a, b) => a - b).flatMap((index) => calls[index] ?? [])
}
