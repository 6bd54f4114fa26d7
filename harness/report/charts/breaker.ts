// When each circuit breaker was open, as the server's own metric says it: a breaker that opens soon after the fault begins
// and closes soon after it ends is the defence at work. One lane a breaker and instance.
// Known to a sampling period only; whether the server stopped calling is judged at the proxy, not here.
import { type Series, seriesOf } from '../series.ts'
import { type Layer, onTimeAxis, timeX } from '../time-axis.ts'
import { chart } from './chart.ts'

export const breaker = chart({
  title: 'Breaker',
  caption: 'A filled block: open, calls to the dependency are refused at once. A thin line: closed.',
  order: 50,
  needs: ['observe.metrics.breakerOpen'],
  draw(history) {
    const lanes = seriesOf(history, 'breakerOpen')
    if (lanes.length === 0) return undefined
    const endS = history.plan.endsAtMs / 1000
    const named = lanes.map((series, i) => ({ series, name: series.label || `breaker${i > 0 ? ` ${i + 1}` : ''}` }))
    const y = {
      field: 'lane',
      type: 'nominal' as const,
      scale: { domain: named.map(({ name }) => name), paddingInner: 0.25 },
      axis: { title: null, domain: false, ticks: false, labelLimit: 90 },
    }
    const x = timeX(history)
    const closed = named.map(({ name }) => ({ lane: name, atS: 0, toS: endS }))
    const open = named.flatMap(({ series, name }) => openSpans(history.plan.endsAtMs, series).map((span) => ({ ...span, lane: name })))
    const layers: Layer[] = [
      { data: { values: closed }, mark: { type: 'rule', color: 'var(--offered)' }, encoding: { x, x2: { field: 'toS' }, y } },
      {
        data: { values: open },
        mark: { type: 'rect', color: 'var(--failed)', cornerRadius: 2 },
        encoding: { x, x2: { field: 'toS' }, y },
      },
      {
        data: { values: open },
        mark: { type: 'text', color: 'var(--paper)', text: 'open', fontWeight: 600, baseline: 'middle' },
        encoding: {
          x: timeX(history, 'middleS'),
          y,
          opacity: { condition: { test: `(datum.toS - datum.atS) * width / ${endS} > 30`, value: 1 }, value: 0 },
        },
      },
    ]
    return onTimeAxis(history, Math.max(26, lanes.length * 24), layers)
  },
})

/** From the first sample that says open to the next that does not. */
function openSpans(endsAtMs: number, { samples }: Series): { atS: number; toS: number; middleS: number }[] {
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
