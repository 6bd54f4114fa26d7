// One call, whole: as sent and as answered, every attempt at the same thing, where the time went, and the server's own log
// lines. A call has one place on the page, under the first check that names it; others link there. Its id is the JSON-RPC id
// and the X-Request-Id of the request, so that one search finds it in the server's log. What folds, folds without scripts.
import type { Call } from '../../history/event.ts'
import type { Evidence } from '../../history/load-line.ts'
import { spansOfTrace, traceOf } from '../call-trace.ts'
import { answerOf, attemptsOf, sentRequest } from '../exchange.ts'
import { duration, moment, size } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { type Fate, fate } from '../moments.ts'
import { plain } from '../plain.ts'
import { callAnchor, type Source } from '../source.ts'
import { taskOf } from '../tasks.ts'
import { jsonLines, textBlock } from '../text-block.ts'
import { traceTable } from './trace.ts'

const ATTEMPTS_MAX = 12

export const fateSigns: Record<Fate, string> = { good: '●', late: '◐', refused: '▼', failed: '✕' }

/** As a line that opens. */
export function callBlock(source: Source, call: Call, open = false): Markup {
  return html`<details class="exchange"${open && html` open`}><summary>${callLine(call)}</summary>
<div class="inside" id="${callAnchor(call)}">${wholeCall(source, call)}</div></details>`
}

/** When, who, what, and what came of it. */
export function callLine(call: Call): Markup {
  const { sentAtMs, endedAtMs, agent, tool, attempt, evidence } = call
  const became = fate(call)
  return html`<span class="when">${moment(sentAtMs)} s</span><span class="who">${plain(agent, 32)}</span><span class="what">${plain(tool, 32)}${attempt > 1 && html` <span class="muted">attempt ${attempt}</span>`}</span><span class="came ${became}"><span aria-hidden="true">${fateSigns[became]}</span> ${answerWords(evidence)} <span class="muted">${call.class}</span></span><span class="took">${endedAtMs === undefined ? 'never' : duration(Math.round(endedAtMs - sentAtMs))}</span>`
}

export function answerWords({ status, transport, isError, rpcCode, replayed, data }: Evidence): string {
  if (status === 0) return transport ?? 'no answer'
  const code = typeof data?.code === 'string' ? plain(data.code, 32) : undefined
  const said = [isError && 'isError', code ?? (rpcCode === undefined ? undefined : `code ${rpcCode}`), replayed && 'replayed', transport]
  return [String(status), ...said].filter(Boolean).join(' ')
}

function wholeCall(source: Source, call: Call): Markup {
  const { history, logs } = source
  const task = taskOf(history.calls, call)
  const log = logs.get(call.call) ?? []
  const spans = spansOfTrace(history, call.trace)
  return html`${aboutCall(source, call)}
<div class="wire"><div><h6>Sent</h6>${sent(source, call, task)}</div><div><h6>Answered</h6>${answered(call)}</div></div>
${attempts(source, call, task)}
${traceTable(call, traceOf(call, task, spans, log))}
${
  log.length > 0 &&
  html`<h6>The server’s own log</h6>${textBlock(
    log.map(({ where, text }) => `${where}  ${text}`),
    { longest: 1_200, lines: 8 },
  )}`
}`
}

function aboutCall({ verdicts }: Source, call: Call): Markup {
  const { server, phase, window, budget, persona, tenant, key, trace, evidence, by } = call
  const named = verdicts.verdicts.filter(({ witnesses }) => witnesses.includes(call.index)).map(({ code }) => code)
  const all: [string, string | undefined][] = [
    ['call', plain(call.call, 80)],
    ['witness of', named.length > 0 ? named.join(', ') : undefined],
    ['phase', `${phase}${window !== undefined && window !== phase ? ` ${plain(window, 24)}` : ''}`],
    ['persona', plain(persona, 32)],
    ['tenant', plain(tenant, 24)],
    ['budget', budget && plain(budget, 40)],
    ['class', `${call.class}${by === 'inferred' ? ', inferred from prose' : ''}`],
    ['right', evidence.correct === false ? 'no: the answer breaks the role’s rules' : undefined],
    ['body', evidence.sizeBytes === undefined ? undefined : size(evidence.sizeBytes)],
    ['instance', plain(evidence.instance ?? server?.instance ?? '', 40)],
    ['key', key && plain(key, 80)],
    ['trace', plain(trace, 40)],
    ['history', `call ${call.index}`],
  ]
  return html`<dl class="about">${all.map(([name, value]) => value && html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function sent({ history }: Source, call: Call, task: readonly Call[]): Markup {
  const { line: first, headers, body, lacking } = sentRequest(history, call, task)
  const lines = [first, ...headers.map(([name, value]) => `${name}: ${value}`), '', ...jsonLines(body)]
  return html`${textBlock(lines)}
<p class="muted small">Put together from the plan. The agent’s own headers, which hold its credentials, are left out.${lacking !== undefined && html` Its arguments are not recorded: ${lacking}.`}</p>`
}

function answered(call: Call): Markup {
  const { head, body, unrecorded } = answerOf(call)
  return html`${textBlock([...head, ...(body ? ['', ...jsonLines(body)] : [])])}
${unrecorded !== undefined && html`<p class="muted small">${unrecorded}.</p>`}`
}

function attempts(source: Source, call: Call, task: readonly Call[]): Markup {
  const all = attemptsOf(call, task)
  if (all.length < 2) return html``
  const at = all.indexOf(call)
  const from = Math.max(0, Math.min(at - 3, all.length - ATTEMPTS_MAX))
  const shown = all.slice(from, from + ATTEMPTS_MAX)
  return html`<h6>All ${all.length} attempts${shown.length < all.length && html`, ${shown.length} shown`}</h6>
<ol class="attempts" start="${from + 1}">${shown.map((attempt, i) => html`<li${attempt === call && html` class="this" aria-current="true"`}>${attemptLine(source, attempt, all[from + i - 1])}</li>`)}</ol>`
}

function attemptLine({ homes }: Source, call: Call, before: Call | undefined): Markup {
  const { sentAtMs, endedAtMs, evidence } = call
  const became = fate(call)
  const stayedMs = before?.endedAtMs === undefined ? undefined : sentAtMs - before.endedAtMs
  const told = evidence.data?.retryAfterMs
  const id = homes.has(call.index) ? html`<a href="#${callAnchor(call)}">${moment(sentAtMs)} s</a>` : html`${moment(sentAtMs)} s`
  return html`${stayedMs !== undefined && html`<span class="muted">after ${duration(Math.round(stayedMs))}</span> `}<span class="num">${id}</span> <span class="came ${became}"><span aria-hidden="true">${fateSigns[became]}</span> ${answerWords(evidence)}</span>${endedAtMs !== undefined && html` <span class="muted">in ${duration(Math.round(endedAtMs - sentAtMs))}</span>`}${typeof told === 'number' && html` <span class="muted">told to wait ${duration(told)}</span>`}`
}
