// What a sampled series of 0 and 1 says over time: a lane each, a filled block while it is on, a thin line while it is off. Used for
// breakers and limiters. Known to a sampling period only. At most 200 blocks a lane.
import type { History } from '../history/history.ts'
import type { Spec } from './charts/chart.ts'
import type { Series } from './series.ts'
import { type Layer, onTimeAxis, timeX } from './time-axis.ts'

interface Look {
  /** Of a lane without a label of its own. */
  name: string
  /** What a block says: `open`. */
  on: string
  /** A custom property of the page's style. */
  colour: string
}

export function lanesOverTime(history: History, lanes: readonly Series[], { name, on, colour }: Look): Spec {
  const endS = history.plan.endsAtMs / 1000
  const named = lanes.map((series, i) => ({ series, lane: series.label || `${name}${i > 0 ? ` ${i + 1}` : ''}` }))
  const y = {
    field: 'lane',
    type: 'nominal' as const,
    scale: { domain: named.map(({ lane }) => lane), paddingInner: 0.25 },
    axis: { title: null, domain: false, ticks: false },
  }
  const x = timeX(history)
  const off = named.map(({ lane }) => ({ lane, atS: 0, toS: endS }))
  const blocks = named.flatMap(({ series, lane }) => spansOn(history.plan.endsAtMs, series).map((span) => ({ ...span, lane })))
  const layers: Layer[] = [
    { data: { values: off }, mark: { type: 'rule', color: 'var(--offered)' }, encoding: { x, x2: { field: 'toS' }, y } },
    {
      data: { values: blocks },
      mark: { type: 'rect', color: `var(--${colour})`, cornerRadius: 2 },
      encoding: { x, x2: { field: 'toS' }, y },
    },
    {
      data: { values: blocks },
      mark: { type: 'text', color: 'var(--paper)', text: on, fontWeight: 600, baseline: 'middle' },
      encoding: {
        x: timeX(history, 'middleS'),
        y,
        opacity: { condition: { test: `(datum.toS - datum.atS) * width / ${endS} > ${8 + on.length * 6}`, value: 1 }, value: 0 },
      },
    },
  ]
  return onTimeAxis(history, Math.max(26, lanes.length * 24), layers)
}

/** From the first sample that says on to the next that does not. */
function spansOn(endsAtMs: number, { samples }: Series): { atS: number; toS: number; middleS: number }[] {
  const spans: { atS: number; toS: number; middleS: number }[] = []
  let fromMs: number | undefined
  const close = (atMs: number) => {
    if (fromMs !== undefined) spans.push({ atS: fromMs / 1000, toS: atMs / 1000, middleS: (fromMs + atMs) / 2000 })
    fromMs = undefined
  }
  for (const { atMs, value } of samples.filter((sample) => sample.atMs >= 0 && sample.atMs <= endsAtMs)) {
    if (value >= 1) fromMs ??= atMs
    else close(atMs)
  }
  close(endsAtMs)
  return spans.slice(0, 200)
}
