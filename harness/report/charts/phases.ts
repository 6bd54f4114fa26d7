// Which part of the run was which, and when each fault was really in force: the key to the bands in every chart below.
// Phases are drawn as planned, faults from injected to healed as recorded. A phase's name that does not
// fit its block is left out; a fault's is always there, since it has its lane to itself.
import { short } from '../plain.ts'
import { faultBands, type Layer, onTimeAxis, timeX } from '../time-axis.ts'
import { chart } from './chart.ts'

const laneHeightPx = 26

interface Block {
  lane: number
  name: string
  shade: string
  atS: number
  toS: number
  middleS: number
}

export const phases = chart({
  title: 'Phases and faults',
  caption: 'Stress is shaded between dashed edges, a fault in force is shaded darker between solid ones, here and in every chart below.',
  order: 0,
  needs: [],
  draw(history) {
    const planned = history.plan.phases.map(({ name, fromMs, toMs }) =>
      block(0, name, name === 'stress' ? 'stress' : 'phase', fromMs, toMs),
    )
    const faults = faultBands(history).map(({ name, fromMs, toMs }, i) => block(1 + (i % 4), short(name, 28), 'fault', fromMs, toMs))
    const blocks = [...planned, ...faults]
    const lanes = 1 + Math.max(...blocks.map(({ lane }) => lane))
    const lane = { field: 'lane', type: 'ordinal' as const, axis: null, scale: { domain: [...Array(lanes).keys()], paddingInner: 0.16 } }
    const x = timeX(history)
    const layers: Layer[] = [
      {
        data: { values: blocks },
        mark: { type: 'rect', cornerRadius: 3, stroke: 'var(--line-strong)', strokeWidth: 1 },
        encoding: { x, x2: { field: 'toS' }, y: lane, color: { field: 'shade', type: 'nominal', legend: null, scale: shades } },
      },
      {
        data: { values: blocks },
        mark: { type: 'text', baseline: 'middle', fontWeight: 500 },
        encoding: {
          x: timeX(history, 'middleS'),
          y: lane,
          text: { field: 'name' },
          opacity: {
            condition: {
              test: `datum.lane > 0 || (datum.toS - datum.atS) * width / ${x.scale.domain[1]} > length(datum.name) * 6.2`,
              value: 1,
            },
            value: 0,
          },
        },
      },
    ]
    return onTimeAxis(history, lanes * laneHeightPx, layers)
  },
})

const shades = {
  domain: ['phase', 'stress', 'fault'],
  range: ['var(--paper)', 'var(--stress-block)', 'var(--fault-block)'],
}

function block(lane: number, name: string, shade: string, fromMs: number, toMs: number): Block {
  return { lane, name, shade, atS: fromMs / 1000, toS: toMs / 1000, middleS: (fromMs + toMs) / 2000 }
}
