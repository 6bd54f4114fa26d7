// A picture that all studies but one share: groups of bars side by side, told apart by where they stand and by their names.
import type { Spec } from '../report/charts/chart.ts'

export interface Bar {
  group: string
  name: string
  value: number
}

/** Colours in the order of the names; hatching is not needed, since each bar stands at its own name. */
const COLOURS = ['var(--good)', 'var(--refused)', 'var(--slow)', 'var(--other)']

export function bars(values: readonly Bar[], unit: string): Spec {
  const names = [...new Set(values.map(({ name }) => name))]
  return {
    height: 200,
    data: { values: [...values] },
    mark: { type: 'bar' },
    encoding: {
      x: { field: 'group', type: 'nominal', sort: null, axis: { title: null, labelAngle: 0 } },
      xOffset: { field: 'name', sort: null },
      y: { field: 'value', type: 'quantitative', axis: { title: null, labelExpr: `datum.label + ' ${unit}'` } },
      color: {
        field: 'name',
        type: 'nominal',
        sort: null,
        scale: { domain: names, range: COLOURS.slice(0, names.length) },
        legend: { orient: 'top', title: null },
      },
    },
  } as Spec
}
