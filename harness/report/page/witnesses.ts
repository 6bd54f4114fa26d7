// The very calls that show a finding. The first lies open when the finding is a fail, so that the evidence is seen
// without a click; the rest are a line each. A call that a check above has shown already is linked, not told twice.
import type { Verdict } from '../../checks/check.ts'
import { count } from '../figures.ts'
import { html, type Markup } from '../markup.ts'
import { callAnchor, type Source, witnessesOf } from '../source.ts'
import { callBlock, callLine } from './call.ts'

const SHOWN_AT_ONCE = 5

export function witnessList(source: Source, verdict: Verdict): Markup {
  const calls = witnessesOf(source.history, verdict)
  if (calls.length === 0) return html``
  const lines = calls.map((call, i) => {
    const here = source.homes.get(call.index)?.under === verdict.check
    if (here) return html`<li>${callBlock(source, call, i === 0 && verdict.status === 'fail')}</li>`
    const elsewhere = source.homes.has(call.index)
    return html`<li class="told">${elsewhere ? html`<a href="#${callAnchor(call)}">${callLine(call)}</a>` : html`<div>${callLine(call)}</div>`}</li>`
  })
  const rest = lines.slice(SHOWN_AT_ONCE)
  return html`<h5>Witnesses: ${count(verdict.witnesses.length, 'call')}${calls.length < verdict.witnesses.length && html`, ${calls.length} shown`}</h5>
<ul class="witnesses">${lines.slice(0, SHOWN_AT_ONCE)}</ul>
${rest.length > 0 && html`<details class="more"><summary>${rest.length} more</summary><ul class="witnesses">${rest}</ul></details>`}`
}
