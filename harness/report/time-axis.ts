// The one time axis of the page: seconds since the start, the whole plan from edge to edge, the same in every chart, with
// the stress and every fault laid behind the lines. Stress is a shade between dashed edges, a fault a darker shade between
// solid ones: told apart without colour, and named in the first chart.
// A fault's band runs from injected to healed as the harness recorded it, not as it was planned.
import type { LayerSpec } from 'vega-lite/types_unstable/spec/layer.js'
import type { UnitSpec } from 'vega-lite/types_unstable/spec/unit.js'
import { faultsOf } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import type { Spec } from './charts/chart.ts'

export type Layer = LayerSpec<string> | UnitSpec<string>

export interface Band {
  name: string
  window: string
  fromMs: number
  toMs: number
}

function stressBands(history: History): Band[] {
  return history.plan.phases
    .filter((phase) => phase.name === 'stress')
    .map(({ window = 'stress', fromMs, toMs }) => ({ name: window, window, fromMs, toMs }))
}

/** Injected to the verified heal, as recorded; as planned where the run says nothing. */
export function faultBands(history: History): Band[] {
  const { endsAtMs } = history.plan
  return faultsOf(history).map(({ fault, window, fromMs, toMs, healed }) => {
    const untilMs = Math.min(endsAtMs, healed?.atMs ?? toMs)
    return { name: fault, window, fromMs: Math.max(0, Math.min(fromMs, untilMs)), toMs: untilMs }
  })
}

/** The x channel that every layer of every chart uses. `field` is in seconds. */
export function timeX(history: History, field = 'atS') {
  return {
    field,
    type: 'quantitative' as const,
    scale: { domain: [0, history.plan.endsAtMs / 1000], nice: false, zero: false },
    axis: { title: null, grid: false, tickCount: 12, labelExpr: "datum.label + ' s'" },
  }
}

/** Layers over the bands of stress and faults. `heightPx` counts the plot alone. */
export function onTimeAxis(history: History, heightPx: number, layers: Layer[]): Spec {
  const stress = stressBands(history)
  const faults = faultBands(history)
  return { height: heightPx, layer: [...behind(history, stress, 'stress'), ...behind(history, faults, 'fault'), ...layers] }
}

function behind(history: History, bands: Band[], kind: 'stress' | 'fault'): Layer[] {
  if (bands.length === 0) return []
  const shades = bands.map(({ fromMs, toMs }) => ({ atS: fromMs / 1000, toS: toMs / 1000 }))
  const edges = bands.flatMap(({ fromMs, toMs }) => [{ atS: fromMs / 1000 }, { atS: toMs / 1000 }])
  const dash = kind === 'stress' ? { strokeDash: [4, 3] } : {}
  return [
    {
      data: { values: shades },
      mark: { type: 'rect', color: `var(--${kind}-shade)` },
      encoding: { x: timeX(history), x2: { field: 'toS' } },
    },
    {
      data: { values: edges },
      mark: { type: 'rule', color: `var(--${kind}-edge)`, strokeWidth: 1, ...dash },
      encoding: { x: timeX(history) },
    },
  ]
}
