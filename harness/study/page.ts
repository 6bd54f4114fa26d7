// A page of its own for what several runs say together: a sentence, a picture, a table. One file, without
// script, made of the report's style and its drawing of charts. Pure: the same answer gives the same bytes.
import type { Spec } from '../report/charts/chart.ts'
import { html, type Markup } from '../report/markup.ts'
import { documentText } from '../report/page/document.ts'
import { drawBoth } from '../report/svg.ts'

export interface Study {
  title: string
  /** The answer, as a person would say it. */
  says: string
  /** Which colour it has: green, red, amber. */
  tone: 'pass' | 'fail' | 'unknown'
  /** How it was found out. */
  about: string
  plots: { title: string; caption: string; spec: Spec }[]
  tables: Table[]
  /** Words to type to do it again. */
  command: string
  notes: string[]
}

export interface Table {
  title: string
  head: string[]
  rows: (string | number)[][]
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

export async function studyHtml({ title, says, tone, about, plots, tables, command, notes }: Study): Promise<string> {
  const drawn: Markup[] = []
  for (const [n, { title: name, caption, spec }] of plots.entries())
    drawn.push(
      html`<figure aria-label="${name}"><figcaption><b>${name}</b> ${caption}</figcaption>${await drawBoth(spec, `plot-${n}`)}</figure>`,
    )
  const body = html`<header class="masthead"><strong>Stampede</strong></header>
<main>
<section class="verdict ${tone}"><p class="eyebrow">${title}</p><h1>${says}</h1><p class="prose">${about}</p>
${notes.map((note) => html`<p class="notice">${note}</p>`)}</section>
<section><h2>What was measured</h2>
${drawn}
${tables.map(tableOf)}</section>
<section><h2>Again</h2><pre>${command}</pre></section>
</main>`
  return documentText({ title, policy: POLICY, body })
}

function tableOf({ title, head, rows }: Table): Markup {
  const cell = (value: string | number, n: number) => (n === 0 ? html`<th scope="row">${value}</th>` : html`<td class="num">${value}</td>`)
  return html`<h5>${title}</h5><div class="scroll"><table><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table></div>`
}

/** The same in a terminal, columns below each other. */
export function studyText({ says, tables, notes }: Pick<Study, 'says' | 'tables' | 'notes'>): string {
  const blocks = tables.map(({ title, head, rows }) => {
    const all = [head, ...rows].map((row) => row.map(String))
    const widths = head.map((_, n) => Math.max(...all.map((row) => (row[n] ?? '').length)))
    const lines = all.map((row) => row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join('  '))
    return [title, ...lines.map((line) => `  ${line.trimEnd()}`)].join('\n')
  })
  return `${[says, ...notes, ...blocks].join('\n\n')}\n`
}
