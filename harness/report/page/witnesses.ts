// The very calls that show a finding, with what came back, raw. The call id is the JSON-RPC id and the X-Request-Id of the
// request, so that one search finds it in the server's own log. Five lie open; at most twenty are on the page.
import type { Verdict } from '../../checks/check.ts'
import type { Call, Evidence } from '../../history/event.ts'
import type { History } from '../../history/history.ts'
import { count, duration, moment, number, size } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { plain } from '../plain.ts'

const mostShown = 20
const mostOpen = 5
const longestBody = 700

export function witnessTable(history: History, { witnesses, check }: Verdict): Markup {
  const calls = witnesses.slice(0, mostShown).flatMap((index) => history.calls[index] ?? [])
  if (calls.length === 0) return html``
  const rest = calls.slice(mostOpen)
  return html`<h5>Witnesses: ${count(witnesses.length, 'call')}${calls.length < witnesses.length && html`, ${calls.length} shown`}</h5>
${table(calls.slice(0, mostOpen), `Witnesses of ${check}`)}
${rest.length > 0 && html`<details class="more"><summary>${number(rest.length)} more</summary>${table(rest, `More witnesses of ${check}`)}</details>`}`
}

const columns: [string, boolean][] = [
  ['call', false],
  ['agent', false],
  ['tool', false],
  ['attempt', true],
  ['planned, s', true],
  ['sent, s', true],
  ['ended, s', true],
  ['took', true],
  ['answer', false],
  ['class', false],
  ['Retry-After', false],
]

function table(calls: Call[], name: string): Markup {
  return html`<div class="scroll calls" role="region" tabindex="0" aria-label="${name}"><table>
<thead><tr>${columns.map(([title, right]) => html`<th scope="col"${right && html` class="num"`}>${title}</th>`)}</tr></thead>
<tbody>${calls.map(rows)}</tbody></table></div>`
}

function rows(call: Call): Markup {
  const { evidence, endedAtMs, sentAtMs } = call
  const none = html`<span class="muted">none</span>`
  const cells: (Markup | string | number)[] = [
    plain(call.agent, 40),
    plain(call.tool, 40),
    call.attempt,
    moment(call.plannedAtMs),
    moment(sentAtMs),
    moment(endedAtMs),
    endedAtMs === undefined ? '–' : duration(Math.round(endedAtMs - sentAtMs)),
    answer(evidence),
    call.class,
    evidence.retryAfter === undefined ? none : html`<code>${plain(evidence.retryAfter, 40)}</code>`,
  ]
  return html`<tr class="witness"><th scope="row" data-name="call"><code>${plain(call.call, 60)}</code></th>${cells.map((value, i) => named(value, i + 1))}</tr>
<tr class="evidence"><td colspan="${columns.length}">${details(call).map(([word, text]) => html`<span>${word} <span class="mono">${text}</span></span> `)}</td></tr>`
}

/** On a phone a row is a list: each cell carries its column's name. */
function named(value: Markup | string | number, column: number): Markup {
  const [name = '', right] = columns[column] ?? []
  return html`<td data-name="${name}"${right && html` class="num"`}>${value}</td>`
}

function answer({ status, transport, isError, rpcCode, replayed }: Evidence): string {
  if (status === 0) return transport ?? 'never answered'
  const said = [isError && 'isError', rpcCode !== undefined && `code ${rpcCode}`, replayed && 'replayed'].filter(Boolean)
  return [String(status), ...said, ...(transport === undefined ? [] : [transport])].join(' ')
}

/** What else is known of the call, as far as it says something. */
function details(call: Call): [string, string][] {
  const { evidence, server, key, trace, parent, index } = call
  const rpcId = evidence.rpcId !== undefined && evidence.rpcId !== call.call ? plain(evidence.rpcId, 60) : undefined
  const all: [string, string | undefined][] = [
    ['budget', call.budget && plain(call.budget, 40)],
    ['message', evidence.message && plain(evidence.message, longestBody)],
    ['data', evidence.data && plain(JSON.stringify(evidence.data), longestBody)],
    ['client saw', evidence.transportText && plain(evidence.transportText, 200)],
    ['content type', evidence.parsed === false ? plain(evidence.contentType ?? 'none', 80) : undefined],
    ['answer id', rpcId],
    ['RateLimit', evidence.rateLimit && plain(evidence.rateLimit, 120)],
    ['right', evidence.correct === false ? 'no: the answer breaks the role’s rules' : undefined],
    ['body', evidence.sizeBytes === undefined ? undefined : size(evidence.sizeBytes)],
    [
      'server',
      server && `${plain(server.instance, 40)}${server.durationMs === undefined ? '' : `, ${duration(server.durationMs)} by its own log`}`,
    ],
    ['after', parent && plain(parent, 60)],
    ['key', key && plain(key, 80)],
    ['trace', plain(trace, 60)],
    ['history line', String(index)],
  ]
  return all.flatMap(([word, text]) => (text ? [[word, text] as [string, string]] : []))
}
