// Where the time of a call went, as a table whose last column is drawn: every row on one clock, from the end of the turn before to the last
// thing that is known. Says where its inside comes from, since a guess must not look like a measurement.
import type { Call } from '../../history/event.ts'
import type { CallTrace, TraceRow } from '../call-trace.ts'
import { number } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'

const sources: Record<CallTrace['inside'], string> = {
  spans: 'Inside: the server’s own spans.',
  log: 'Inside: the timings of the server’s log line. Their lengths are recorded, their moments are not: they are laid one after the other.',
  nothing: 'Inside: nothing is known; the server sent no spans, and no log line tells of this call.',
}

export function traceTable(call: Call, { inside, rows }: CallTrace): Markup {
  const callRow = rows.find(({ part }) => part === 'call')
  const lengthMs = Math.max(1, (callRow?.toMs ?? 0) - (callRow?.fromMs ?? 0))
  // A turn of seconds before a call of milliseconds would leave nothing to see: what begins earlier is cut at the edge.
  const fromMs = Math.max(Math.min(...rows.map((row) => row.fromMs)), call.sentAtMs - lengthMs * 0.6)
  const toMs = Math.max(fromMs + 1, ...rows.map((row) => row.toMs))
  return html`<h6>Where the time went</h6><div class="scroll" role="region" tabindex="0" aria-label="${`Where the time of ${plain(call.call, 60)} went`}"><table class="trace"><caption>${sources[inside]} Times from the moment of sending.</caption>
<thead><tr><th scope="col">part</th><th scope="col" class="num">from, ms</th><th scope="col" class="num">took, ms</th><th scope="col" class="bars"><span class="unseen">drawn</span></th></tr></thead>
<tbody>${rows.map((row) => line(row, call.sentAtMs, fromMs, toMs))}</tbody></table></div>`
}

function line(row: TraceRow, zeroMs: number, fromMs: number, toMs: number): Markup {
  const share = (ms: number) => Math.round(Math.min(1, Math.max(0, (ms - fromMs) / (toMs - fromMs))) * 1000) / 10
  const [left, right] = [share(row.fromMs), share(row.toMs)]
  const style = `left:${left}%;width:${Math.max(0.3, Math.round((right - left) * 10) / 10)}%`
  return html`<tr><th scope="row" class="depth-${Math.min(4, row.depth)}">${plain(row.name, 60)}${row.note !== undefined && html` <span class="muted">${plain(row.note, 80)}</span>`}</th><td class="num">${tenths(row.fromMs - zeroMs)}</td><td class="num">${tenths(row.toMs - row.fromMs)}</td><td class="bars"><span class="track"><span class="bar part-${row.part}${row.fromMs < fromMs && ' cut'}" style="${style}"></span></span></td></tr>`
}

function tenths(ms: number): string {
  return Math.abs(ms) >= 1_000 ? number(Math.round(ms)) : (Math.round(ms * 10) / 10).toFixed(1).replace('-', '−')
}
