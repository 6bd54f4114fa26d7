// The slowest of the calls that were served, and the longest of each kind that was not: a line each with where its time went, drawn on one
// scale, that opens to the whole call. Calls that a check names already are shown there and linked.
import type { Call } from '../../history/event.ts'
import { spansOfTrace, traceOf } from '../call-trace.ts'
import { duration } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { callAnchor, type Source, tookMs } from '../source.ts'
import { taskOf } from '../tasks.ts'
import { callBlock, callLine } from './call.ts'

export function slowSection(source: Source): Markup {
  const { slow, homes } = source
  if (slow.length === 0) return html``
  const mostMs = Math.max(1, ...slow.map(tookMs))
  return html`<section id="slow" aria-labelledby="slow-title">
<h2 id="slow-title">The slowest and the failed</h2>
<p class="about">The eight served calls that took longest, and the three longest of each kind that was not served. Bars share one scale, up to ${duration(Math.round(mostMs))}.</p>
${key(source)}
<ul class="witnesses slow">${slow.map((call) => html`<li>${bar(source, call, mostMs)}${homes.get(call.index)?.under === 'slow' ? callBlock(source, call) : html`<a href="#${callAnchor(call)}">${callLine(call)}</a>`}</li>`)}</ul>
</section>`
}

const parts = {
  queue: 'queue',
  postgres: 'Postgres',
  redis: 'Redis',
  upstream: 'upstream',
  server: 'rest of the server',
  call: 'outside the server',
} as const

function key({ slow, history, logs }: Source): Markup {
  const seen = new Set(slow.flatMap((call) => rowsOf({ history, logs }, call).map(({ part }) => part)))
  const shown = Object.entries(parts).filter(([part]) => part === 'call' || seen.has(part as keyof typeof parts))
  return html`<p class="key">${shown.map(([part, name]) => html`<span><i class="bar part-${part}" aria-hidden="true"></i>${name}</span>`)}</p>`
}

function rowsOf({ history, logs }: Pick<Source, 'history' | 'logs'>, call: Call) {
  const spans = spansOfTrace(history, call.trace)
  return traceOf(call, taskOf(history.calls, call), spans, logs.get(call.call) ?? []).rows.filter(
    ({ part }) => part !== 'model' && part !== 'late',
  )
}

function bar(source: Source, call: Call, mostMs: number): Markup {
  const rows = rowsOf(source, call)
  const share = (ms: number) => Math.round(Math.min(1, Math.max(0, ms / mostMs)) * 1000) / 10
  return html`<span class="track" aria-hidden="true">${rows.map(({ part, fromMs, toMs }) => {
    const left = share(fromMs - call.sentAtMs)
    return html`<i class="bar part-${part}" style="${`left:${left}%;width:${Math.max(0.2, Math.round((share(toMs - call.sentAtMs) - left) * 10) / 10)}%`}"></i>`
  })}</span>`
}
