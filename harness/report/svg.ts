// A Vega-Lite spec as SVG text, without a browser, a canvas or a font: labels are placed by estimate and every chart has
// the same margins, so plots of one page line up to the pixel. The page scales the drawing, hence two widths: one for
// screens and paper, one for phones, where the wide one's labels would be 4 px tall.
// What Vega numbers from a counter of the process (clip paths) is renumbered: the same spec gives the same bytes.
import { parse, type Spec as VegaSpec, View } from 'vega'
import { compile } from 'vega-lite'
import type { Spec } from './charts/chart.ts'
import { html, type Markup, trusted } from './markup.ts'

/** Px. The left margin holds the y axis of every chart, and the names of its lanes. */
const widths = { wide: 960, narrow: 380 } as const
const lefts = { wide: 96, narrow: 66 } as const
const margin = { right: 14, top: 8, bottom: 22 } as const

const legendRowPx = 20

export type Width = keyof typeof widths

const config = {
  background: 'transparent',
  aria: false,
  font: 'inherit',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--muted)',
    labelFontSize: 11,
    gridColor: 'var(--line)',
    domainColor: 'var(--line-strong)',
    tickColor: 'var(--line-strong)',
    tickSize: 4,
    labelPadding: 4,
  },
  legend: { labelColor: 'var(--ink)', labelFontSize: 11.5, offset: 8, columnPadding: 6, rowPadding: 5 },
  text: { color: 'var(--ink)', fontSize: 11 },
}

/** As many names beside each other as surely fit; none when the chart has no legend. */
function legendGrid({ legends, scales }: VegaSpec, width: Width): { columns: number; rows: number } {
  const scale = legends && scales?.find(({ name }) => name === 'color')
  const names = scale && 'domain' in scale && Array.isArray(scale.domain) ? scale.domain.map(String) : []
  if (names.length === 0) return { columns: 1, rows: 0 }
  const longest = names.reduce((most, name) => Math.max(most, name.length), 0)
  const columns = Math.min(names.length, Math.max(1, Math.floor((widths[width] - lefts[width]) / (longest * 7.5 + 24))))
  return { columns, rows: Math.ceil(names.length / columns) }
}

/**
 * For each width. The chart is made once, which is most of the work: then Vega moves what hangs on its size.
 * @param id unique in the page: prefix of the ids inside
 */
export async function drawSvg(spec: Spec, id: string): Promise<Record<Width, Markup>> {
  const sized = { ...spec, width: widths.wide, autosize: { type: 'none' }, config } as unknown as Spec
  const compiled = compile(sized, { logger: quiet }).spec
  const view = new View(parse(resizable(compiled)), { renderer: 'none' })
  try {
    return { wide: await drawn(view, compiled, id, 'wide'), narrow: await drawn(view, compiled, id, 'narrow') }
  } finally {
    view.finalize()
  }
}

/** With signals for what is another number for each width, beside the width itself and the padding. */
function resizable(compiled: VegaSpec): VegaSpec {
  const legends = compiled.legends?.map((legend) => ({ ...legend, columns: { signal: 'legendColumns' } }))
  const axis = { ...compiled.config?.axis, labelLimit: { signal: 'labelLimit' } }
  return {
    ...compiled,
    ...(legends && { legends }),
    signals: [...(compiled.signals ?? []), { name: 'legendColumns' }, { name: 'labelLimit' }],
    config: { ...compiled.config, axis },
  }
}

async function drawn(view: View, compiled: VegaSpec, id: string, width: Width): Promise<Markup> {
  const left = lefts[width]
  const inner = widths[width] - left - margin.right
  const { columns, rows } = legendGrid(compiled, width)
  const top = margin.top + rows * legendRowPx
  view
    .width(inner)
    .padding({ ...margin, left, top })
    .signal('legendColumns', columns)
    .signal('labelLimit', left - 8)
  const svg = tidy(await view.toSVG(), `${id}-${width}`)
  return trusted(svg.replace('<svg ', `<svg data-left="${left}" data-inner="${inner}" data-top="${top}" `))
}

/** What is so by default, or is for machines. */
const unneeded = / (?:(?:class|role|aria-[a-z]+|pointer-events|font-family)="[^"]*"|(?:opacity|stroke-width)="1"|[xy]2="0")/g

/** Takes out what a reader of the page does not need, half of the bytes; only within tags, so that texts stay as they are. */
function tidy(svg: string, prefix: string): string {
  const numbers = new Map<string, string>()
  const renamed = (id: string) => {
    if (!numbers.has(id)) numbers.set(id, `${prefix}-${numbers.size}`)
    return numbers.get(id) ?? id
  }
  return svg
    .replace(/<path[^>]* d="(?:M0,0h0v0h0Z)?"[^>]*\/>/g, '')
    .replace(/<text[^>]* opacity="0"[^>]*>[^<]*<\/text>/g, '')
    .replace(/<[^>]+>/g, (tag) =>
      tag
        .replace(/class="mark-[a-z]+ role-mark[^"]*"/, 'data-is="mark"')
        .replace(/class="mark-group role-axis"/, 'data-is="axis"')
        .replace(unneeded, '')
        .replace(/(id="|url\(#)(clip\d+|gradient_\d+)/g, (_, before: string, name: string) => before + renamed(name))
        .replace(/(?<!opacity=")-?\d+\.\d{2,}/g, (figure) => String(Math.round(Number(figure) * 10) / 10)),
    )
    .replace(/<svg [^>]*?width="(\d+)" height="(\d+)"[^>]*>/, '<svg viewBox="0 0 $1 $2" aria-hidden="true" focusable="false">')
}

const quiet = {
  level: () => quiet,
  warn: () => quiet,
  info: () => quiet,
  debug: () => quiet,
  error: (...said: readonly unknown[]) => {
    throw new Error(`a chart's spec is wrong: ${said.join(' ')}`)
  },
} as unknown as NonNullable<NonNullable<Parameters<typeof compile>[1]>['logger']>

/** Both drawings; the page's style shows the one that fits. */
export async function drawBoth(spec: Spec, id: string): Promise<Markup> {
  const { wide, narrow } = await drawSvg(spec, id)
  return html`<div class="wide">${wide}</div><div class="narrow">${narrow}</div>`
}
