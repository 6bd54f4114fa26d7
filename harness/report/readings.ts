// The figures behind a chart's lines, for whoever points at a moment: read out of its spec, so that
// what is told is what is drawn. Names are plain text. At most as many as the spec has points.
import type { Spec } from './charts/chart.ts'
import { plain } from './plain.ts'

export interface Reading {
  name: string
  colour: string
  /** Moment in s and value; a moment where nothing was measured is left out. */
  points: [atS: number, value: number][]
}

interface LineLayer {
  data?: { values?: { line?: unknown; atS?: unknown; value?: unknown }[] }
  encoding?: { color?: { scale?: { domain?: string[]; range?: string[] } } }
  layer?: LineLayer[]
}

export function readingsOf(spec: Spec): Reading[] | undefined {
  const layers = (spec as LineLayer).layer ?? []
  const drawn = layers.find(({ data }) => data?.values?.some(({ line }) => line !== undefined))
  if (!drawn) return undefined
  const { domain = [], range = [] } = drawn.encoding?.color?.scale ?? {}
  const values = drawn.data?.values ?? []
  return domain.map((name, i) => ({
    name: plain(name, 40),
    colour: range[i] ?? '',
    points: values.flatMap(({ line, atS, value }) =>
      line === name && typeof atS === 'number' && typeof value === 'number' ? [[atS, value] as [number, number]] : [],
    ),
  }))
}
