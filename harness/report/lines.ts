// Lines that can be told apart without colour: each has a dash of its own, and the legend shows it.
// Used by the charts that draw figures over time; not for lanes.
import type { History } from '../history/history.ts'
import { type Layer, timeX } from './time-axis.ts'

export interface Line {
  name: string
  /** A custom property of the page's style: `good`, `refused`. */
  colour: string
  /** Lengths of strokes and gaps, px; empty is solid. */
  dash: number[]
  /** The ground under it is shaded. */
  filled?: boolean
}

export interface Point {
  atS: number
  line: string
  /** Null breaks the line: nothing was measured there. */
  value: number | null
}

type Y = { scale?: Record<string, unknown>; axis?: Record<string, unknown> }

/** One layer with all lines; points of a value that stands alone are drawn as dots, which a line would not show. */
export function linesOver(history: History, lines: Line[], points: Point[], y: Y = {}): Layer {
  const domain = lines.map((line) => line.name)
  const legend = {
    title: null,
    orient: 'top' as const,
    symbolType: 'stroke',
    symbolSize: 260,
    symbolStrokeWidth: 2,
    symbolFillColor: 'none',
    symbolOpacity: 1,
    labelLimit: 150,
  }
  const filled = lines.filter((line) => line.filled).map((line) => line.name)
  const rounded = points.map((point) => ({ ...point, value: point.value === null ? null : Number(point.value.toPrecision(4)) }))
  return {
    data: { values: rounded.map((point, i) => ({ ...point, alone: standsAlone(rounded, i) })) },
    encoding: {
      x: timeX(history),
      y: {
        field: 'value',
        type: 'quantitative',
        scale: { nice: true, domainMax: headroom(points), ...y.scale },
        axis: { title: null, tickCount: 4, ...y.axis },
      },
      color: { field: 'line', type: 'nominal', scale: { domain, range: lines.map((line) => `var(--${line.colour})`) }, legend },
    },
    layer: [
      ...(filled.length > 0
        ? [{ transform: [{ filter: { field: 'line', oneOf: filled } }], mark: { type: 'area' as const, opacity: 0.13, clip: true } }]
        : []),
      {
        mark: { type: 'line', strokeWidth: 2, clip: true, invalid: 'break-paths-filter-domains' },
        encoding: {
          strokeDash: {
            field: 'line',
            type: 'nominal',
            scale: { domain, range: lines.map((line) => (line.dash.length > 0 ? line.dash : [1, 0])) },
            legend,
          },
        },
      },
      { transform: [{ filter: 'datum.alone' }], mark: { type: 'point', filled: true, size: 14, opacity: 1 } },
    ],
  }
}

/** So that a line at its highest does not run along the edge. */
function headroom(points: Point[]): number {
  return Math.max(1, points.reduce((most, { value }) => Math.max(most, value ?? 0), 0) * 1.12)
}

function standsAlone(points: Point[], at: number): boolean {
  const here = points[at]
  if (!here || here.value === null) return false
  const joined = (other: Point | undefined) => other?.line === here.line && other.value !== null
  return !joined(points[at - 1]) && !joined(points[at + 1])
}
