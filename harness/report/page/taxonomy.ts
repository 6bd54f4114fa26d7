// What became of the calls, by kind and phase: one glance tells whether failures belong to the stress or were there before.
// All agents, hostile ones too. What could not be classified is loud, never guessed.
import type { CallClass, Outcome } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { percent } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import { cell } from './timeline.ts'

const meanings: Record<CallClass, string> = {
  served: 'answered',
  refused: 'over a budget, told so',
  shed: 'turned away under load',
  draining: 'the instance was leaving',
  queue: 'no room in a queue',
  dependency: 'a dependency was down or slow, told so',
  unexplained: '503 without a reason',
  'too-large': 'the result was over a cap',
  conflict: 'another call held the key',
  invalid: 'the request was not accepted',
  timeout: 'the server gave up at its deadline',
  denied: 'not allowed',
  'server-error': 'an error the server did not mean to send',
  lost: 'no answer: timed out, reset, or cut',
  unreachable: 'no connection',
  unclassified: 'fits no rule',
}

interface Row {
  name: CallClass
  outcome: Outcome
  total: number
  byColumn: number[]
  example?: string
}

export function taxonomySection(history: History): Markup {
  const columns = columnsOf(history)
  const rows = countRows(history, columns)
  const all = history.calls.length
  return html`<section id="failures" aria-labelledby="failures-title">
<h2 id="failures-title">What became of the calls</h2>
<p class="about">By the phase in which a call was sent, all agents. ok: it happened; fail: it did not; info: nobody knows.</p>
<div class="scroll" role="region" tabindex="0" aria-label="Calls by class and phase"><table>
<thead><tr><th scope="col">class</th><th scope="col">outcome</th>${columns.map((name) => html`<th scope="col" class="num">${name}</th>`)}<th scope="col" class="num">all</th><th scope="col" class="num">share</th><th scope="col">meaning, first message</th></tr></thead>
<tbody>${rows.map((row) => line(row, all))}</tbody></table></div>
</section>`
}

/** A phase each, with its window's name when there are several. */
function columnsOf({ plan }: History): string[] {
  const windows = new Set(plan.phases.map((phase) => phase.window).filter(Boolean)).size
  return plan.phases.map(({ name, window }) => label(name, windows > 1 ? window : undefined))
}

function label(name: string, window: string | undefined): string {
  return window === undefined ? name : `${name} ${window}`
}

function countRows({ calls }: History, columns: string[]): Row[] {
  const rows = new Map<string, Row>()
  for (const call of calls) {
    const key = `${call.class} ${call.outcome}`
    const row = rows.get(key) ?? { name: call.class, outcome: call.outcome, total: 0, byColumn: columns.map(() => 0) }
    rows.set(key, row)
    row.total++
    const at = columns.indexOf(label(call.phase, call.window))
    const column = at >= 0 ? at : columns.indexOf(call.phase)
    if (column >= 0) row.byColumn[column] = (row.byColumn[column] ?? 0) + 1
    const message = call.evidence.message ?? call.evidence.transportText
    if (row.example === undefined && call.class !== 'served' && message) row.example = plain(message, 120)
  }
  return [...rows.values()].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
}

function line({ name, outcome, total, byColumn, example }: Row, all: number): Markup {
  const loud = name === 'unclassified'
  return html`<tr${loud && html` class="loud"`}><th scope="row">${loud && '✕ '}${name}</th><td>${outcome}</td>${byColumn.map((value) => cell(value))}${cell(total)}<td class="num">${percent(total / all)}</td><td class="words">${meanings[name]}${example !== undefined && html`<br><code class="muted">${example}</code>`}</td></tr>`
}
