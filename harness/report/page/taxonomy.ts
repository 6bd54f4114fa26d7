// What became of the calls, by the layer that said so (transport, HTTP, JSON-RPC, tool), by kind, persona and phase:
// one glance tells whether failures belong to the stress or were there before, and who met them. All agents, hostile
// ones too. What could not be classified is loud, never guessed. Bound: 60 rows, the most frequent of each layer.
import type { Call, CallClass, Outcome } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { number, percent } from '../figures.ts'
import { type Alike, kindsOf } from '../kinds.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'
import type { Source } from '../source.ts'
import { cell } from './timeline.ts'

const ROWS_MAX = 60

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
  lost: 'no answer: timed out, reset, cut, or crossed by the end of its connection (408)',
  unreachable: 'no connection',
  unclassified: 'fits no rule',
}

type Layer = 'transport' | 'HTTP' | 'JSON-RPC' | 'tool'

const layers: Record<Layer, string> = {
  transport: 'no answer, or not a whole one',
  HTTP: 'the status says it',
  'JSON-RPC': 'an error in the envelope of a 200',
  tool: 'a result, good or bad',
}

interface Row {
  layer: Layer
  name: CallClass
  persona: string
  outcome: Outcome
  total: number
  byColumn: number[]
  /** Its first call that was told something. */
  told?: Call
}

export function taxonomySection({ history }: Source): Markup {
  const columns = columnsOf(history)
  const rows = countRows(history, columns)
  const all = history.calls.length
  return html`<section id="failures" aria-labelledby="failures-title">
<h2 id="failures-title">What became of the calls</h2>
<p class="about">By the layer that said so, the class, the persona, and the phase in which a call was sent. ok: it happened; fail: it did not; info: nobody knows.</p>
<div class="scroll" role="region" tabindex="0" aria-label="Calls by layer, class, persona and phase"><table class="taxonomy">
<thead><tr><th scope="col">class</th><th scope="col">persona</th><th scope="col">outcome</th>${columns.map((name) => html`<th scope="col" class="num">${plain(name, 32)}</th>`)}<th scope="col" class="num">all</th><th scope="col" class="num">share</th><th scope="col">meaning, first message</th></tr></thead>
${(Object.keys(layers) as Layer[]).map((layer) =>
  layerRows(
    layer,
    rows.filter((row) => row.layer === layer),
    columns.length,
    all,
  ),
)}</table></div>
${rows.length > ROWS_MAX && html`<p class="muted small">Only the ${number(ROWS_MAX)} most frequent rows are shown.</p>`}
</section>`
}

function layerRows(layer: Layer, rows: readonly Row[], columns: number, all: number): Markup {
  if (rows.length === 0) return html``
  const total = rows.reduce((sum, row) => sum + row.total, 0)
  return html`<tbody><tr class="layer"><th scope="rowgroup" colspan="${3 + columns}">${layer} <span class="muted">${layers[layer]}</span></th><td class="num">${number(total)}</td><td class="num">${percent(total / all)}</td><td></td></tr>${rows.slice(0, ROWS_MAX).map((row) => line(row, all))}</tbody>`
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
  for (const { alike, calls: own } of kindsOf(calls)) {
    const layer = layerOf(alike)
    const key = `${layer}\n${alike.class}\n${alike.outcome}\n${alike.persona}`
    const row: Row = rows.get(key) ?? {
      layer,
      name: alike.class,
      persona: alike.persona,
      outcome: alike.outcome,
      total: 0,
      byColumn: columns.map(() => 0),
    }
    rows.set(key, row)
    row.total += own.length
    const at = columns.indexOf(label(alike.phase, alike.window))
    const column = at >= 0 ? at : columns.indexOf(alike.phase)
    if (column >= 0) row.byColumn[column] = (row.byColumn[column] ?? 0) + own.length
    const told = alike.class === 'served' ? undefined : own.find(messageOf)
    if (told && (row.told === undefined || told.index < row.told.index)) row.told = told
  }
  return [...rows.values()].sort((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
}

function messageOf({ evidence }: Call): string | undefined {
  return evidence.message ?? evidence.transportText
}

/** Who spoke: a 429 whose body is a JSON-RPC error is told by its status first, as every client meets it. */
function layerOf({ evidence: { status, transport, rpcCode } }: Alike): Layer {
  if (status === 0 || transport !== undefined) return 'transport'
  if (status !== 200) return 'HTTP'
  return rpcCode === undefined ? 'tool' : 'JSON-RPC'
}

function line({ name, persona, outcome, total, byColumn, told }: Row, all: number): Markup {
  const loud = name === 'unclassified'
  return html`<tr${loud && html` class="loud"`}><th scope="row">${loud && '✕ '}${name}</th><td>${plain(persona, 32)}</td><td>${outcome}</td>${byColumn.map((value) => cell(value))}${cell(total)}<td class="num">${percent(total / all)}</td><td class="words">${meanings[name]}${told && html`<br><code class="muted">${plain(messageOf(told), 120)}</code>`}</td></tr>`
}
