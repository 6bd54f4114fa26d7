// report.html: one file that opens from file:// without network or script, in light and dark, on paper and on a phone.
// Pure: the same history and verdicts give the same bytes. A content security policy forbids what the page never does,
// so that even an escape that we missed could not run or fetch anything.
// Models no interaction: what folds, folds by <details>.
import type { Verdicts } from '../checks/check.ts'
import type { Units } from '../discover.ts'
import type { History } from '../history/history.ts'
import type { Chart } from './charts/chart.ts'
import { html } from './markup.ts'
import { certaintySection } from './page/certainty.ts'
import { checksSection } from './page/checks.ts'
import { reproduceSection } from './page/reproduce.ts'
import { style } from './page/style.ts'
import { taxonomySection } from './page/taxonomy.ts'
import { timelineSection } from './page/timeline.ts'
import { verdictSection } from './page/verdict.ts'
import { conclusion, symbols } from './words.ts'

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

/** @param charts those of charts/, found by discover */
export async function reportHtml(history: History, verdicts: Verdicts, charts: Units<Chart>): Promise<string> {
  const { status, scenario, target } = verdicts
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${symbols[status]} ${scenario} against ${target}: ${conclusion(status).toLowerCase()}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#verdict">Skip to the verdict</a>
<header class="masthead"><strong>Stampede</strong><nav aria-label="On this page">
<a href="#timeline">What happened</a><a href="#checks">Checks</a><a href="#failures">Calls</a><a href="#certainty">How sure</a><a href="#reproduce">Reproduce</a>
</nav></header>
<main>
${verdictSection(history, verdicts)}
${await timelineSection(history, charts)}
${checksSection(history, verdicts)}
${taxonomySection(history)}
${certaintySection(history)}
${reproduceSection(history)}
</main>
<footer>Stampede, run ${verdicts.run}. Everything here was made from the files beside this page.</footer>
</body>
</html>
`
  return page.text
}
