// What the pages about many runs have in common: head, style, the way back. No script, nothing fetched, the same sheet as a run's page.
import { html, type Markup, trusted } from '../markup.ts'
import { documentText } from '../page/document.ts'

/** Nothing may run or be fetched; forms go to this same place. */
export const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'"

/** How one page names another: over HTTP, or in a folder of files. */
export interface Links {
  home: string
  /** A file of a run. */
  file(id: string, file: string): string
  /** Undefined where there is no such page. */
  compare(before: string, after: string): string | undefined
  /** Any two can be chosen. */
  form?: string
}

const more = trusted(`
main, .masthead, footer { max-width: 1240px; }
.trend { width: 240px; height: 34px; display: block; } .trend polyline { fill: none; stroke: var(--line-strong); stroke-width: 1.2; }
.trend .limit { stroke: var(--muted); stroke-dasharray: 3 3; } .trend .pass { fill: var(--pass); } .trend .fail { stroke: var(--fail); stroke-width: 2; fill: none; }
.trend .unknown, .trend .not-judged { fill: var(--paper); stroke: var(--unknown); stroke-width: 1.5; }
.row { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; } .row label { display: inline-flex; gap: 6px; align-items: baseline; font-size: 14px; }
select { font: inherit; font-size: 14px; padding: 5px 8px; border: 1px solid var(--line-strong); border-radius: 6px; background: var(--paper); color: inherit; max-width: 16em; }
.status { color: var(--tone); font-weight: 600; white-space: nowrap; } td .badge { width: 1.35em; height: 1.35em; font-size: 11px; margin-right: 7px; }
.lines td, .lines th { vertical-align: middle; } .lines tbody th, .sidewise tbody th { white-space: normal; min-width: 13em; } .unit { display: block; font-weight: 400; font-size: 12.5px; color: var(--muted); }
.runs td { vertical-align: top; } .looks a { white-space: nowrap; } .runs .pick { white-space: nowrap; width: 1%; } .runs .words { min-width: 24em; } .nowrap { white-space: nowrap; }
.bar-below { position: sticky; bottom: 0; background: var(--ground); border-top: 1px solid var(--line); padding: 10px 0; z-index: 2; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; } .moved { background: var(--wash); }
.kind { font-size: 12.5px; white-space: nowrap; color: var(--muted); } .broken .kind { color: var(--fail); font-weight: 650; } .mended .kind { color: var(--pass); font-weight: 650; }
@media (max-width: 640px) { .sides { grid-template-columns: 1fr; } .trend { width: 150px; } }
`)

export function frame(title: string, body: Markup, links: Links): string {
  const page = html`<a class="skip" href="#main">Skip to the runs</a>
<header class="masthead"><strong><a href="${links.home}">Stampede: runs</a></strong></header>
<main id="main">
${body}
</main>
<footer>Read from the runs’ own files. Nothing here changes or deletes anything.</footer>`
  return documentText({ title, policy: POLICY, more, body: page })
}
