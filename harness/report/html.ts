// report.html: one file that opens from file:// without network, in light and dark, on paper and on a phone, and reads whole
// without scripts. Pure: the same history, verdicts and logs give the same bytes. A content security policy forbids what the page
// never does, and lets only this very script run, known by its hash: an escape that we missed could neither run nor fetch anything.
import { createHash } from 'node:crypto'
import type { Units } from '../discover.ts'
import type { Chart } from './charts/chart.ts'
import { html, trusted } from './markup.ts'
import { agentsSection } from './page/agents.ts'
import { callsSection } from './page/calls.ts'
import { certaintySection } from './page/certainty.ts'
import { checksSection } from './page/checks.ts'
import { documentText } from './page/document.ts'
import { recoverySection } from './page/recovery.ts'
import { reproduceSection } from './page/reproduce.ts'
import { slowSection } from './page/slow.ts'
import { taxonomySection } from './page/taxonomy.ts'
import { timelineSection } from './page/timeline.ts'
import { verdictSection } from './page/verdict.ts'
import { waitsSection } from './page/waits.ts'
import type { Source } from './source.ts'
import { conclusion, symbols } from './words.ts'

/**
 * @param charts those of charts/, found by discover
 * @param script the texts of page/scripts, one after the other
 */
export async function reportHtml(source: Source, charts: Units<Chart>, script: string): Promise<string> {
  const { status, scenario, target, run } = source.verdicts
  const body = html`<a class="skip" href="#verdict">Skip to the verdict</a>
<header class="masthead"><strong>Stampede</strong><nav aria-label="On this page">
<a href="#timeline">What happened</a><a href="#checks">Checks</a><a href="#agents">Agents</a><a href="#failures">Calls</a><a href="#certainty">How sure</a><a href="#reproduce">Reproduce</a>
</nav></header>
<main>
${verdictSection(source)}
${await timelineSection(source, charts)}
${checksSection(source)}
${await recoverySection(source, charts)}
${await agentsSection(source, charts)}
${taxonomySection(source)}
${await waitsSection(source, charts)}
${slowSection(source)}
${callsSection(source)}
${certaintySection(source)}
${reproduceSection(source)}
</main>
<footer>Stampede, run ${run}. Everything here was made from the files beside this page.</footer>
<script>${trusted(script)}</script>`
  const title = `${symbols[status]} ${scenario} against ${target}: ${conclusion(status).toLowerCase()}`
  return documentText({ title, policy: policy(script), body })
}

function policy(script: string): string {
  const hash = createHash('sha256').update(script).digest('base64')
  return `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
}
