// The way back on one ruler: the end of the stress at zero, then the first good answer, 95 % of what was good before, empty queues, closed
// breakers, a line each with its time beside it. The order tells what held the rest up: queues that empty late are a backlog, a breaker
// that closes last is the reason. A hollow mark at the right end did not come while it was looked
// at. With several windows, the one that took longest.
import { duration } from '../figures.ts'
import { type Recovery, recoveriesOf } from '../recovery.ts'
import { chart } from './chart.ts'

const LANE_PX = 36

export const recoveryRuler = chart({
  title: 'From the end of the stress',
  caption: 'Seconds after it was over. A hollow mark: not until the end of the recording.',
  place: 'recovery',
  order: 10,
  needs: ['responses'],
  draw(history) {
    const recovery = slowest(recoveriesOf(history))
    if (!recovery) return undefined
    const seen = recovery.marks.flatMap(({ name, tookMs }) =>
      tookMs === 'unseen' ? [] : [{ lane: name, came: tookMs !== 'never', tookMs: tookMs === 'never' ? recovery.lengthMs : tookMs }],
    )
    if (seen.length === 0) return undefined
    const lastMs = Math.max(1_000, ...seen.map(({ tookMs }) => tookMs)) * 1.25
    const values = seen.map(({ lane, came, tookMs }) => ({
      lane,
      came,
      fromS: 0,
      tookS: tookMs / 1000,
      says: came ? (tookMs === 0 ? 'at once' : `+ ${duration(Math.round(tookMs))}`) : `not within ${duration(Math.round(tookMs))}`,
    }))
    const isFar = (tookS: number) => tookS > (lastMs / 1000) * 0.6
    const y = {
      field: 'lane',
      type: 'nominal' as const,
      scale: { domain: seen.map(({ lane }) => lane) },
      axis: null,
    }
    const scale = { domain: [0, lastMs / 1000], nice: false }
    const x = {
      field: 'tookS',
      type: 'quantitative' as const,
      scale,
      axis: { title: null, grid: true, tickCount: 6, labelExpr: "datum.value === 0 ? '0' : '+' + datum.label + ' s'" },
    }
    return {
      height: seen.length * LANE_PX,
      layer: [
        {
          data: { values: [{ zeroS: 0 }] },
          mark: { type: 'rule', color: 'var(--fault-edge)', strokeWidth: 2 },
          encoding: { x: { ...x, field: 'zeroS' } },
        },
        {
          data: { values },
          mark: { type: 'rule', color: 'var(--line-strong)', strokeWidth: 2 },
          encoding: { x: { ...x, field: 'fromS' }, x2: { field: 'tookS' }, y },
        },
        {
          data: { values },
          mark: { type: 'point', size: 90, strokeWidth: 2, opacity: 1, shape: 'diamond' },
          encoding: {
            x,
            y,
            fill: { condition: { test: 'datum.came', value: 'var(--good)' }, value: 'var(--paper)' },
            stroke: { condition: { test: 'datum.came', value: 'var(--good)' }, value: 'var(--failed)' },
          },
        },
        {
          data: { values },
          mark: { type: 'text', align: 'left', baseline: 'bottom', dx: 5, dy: -7 },
          encoding: { x: { ...x, field: 'fromS' }, y, text: { field: 'lane' } },
        },
        // Beside its mark, or above it where there is no room to the right.
        {
          data: { values: values.filter(({ tookS }) => !isFar(tookS)) },
          mark: { type: 'text', align: 'left', dx: 10, baseline: 'middle', fontWeight: 600 },
          encoding: { x, y, text: { field: 'says' } },
        },
        {
          data: { values: values.filter(({ tookS }) => isFar(tookS)) },
          mark: { type: 'text', align: 'right', dx: 4, dy: -13, baseline: 'middle', fontWeight: 600 },
          encoding: { x, y, text: { field: 'says' } },
        },
      ],
    }
  },
})

/** The window whose last mark came last; one in which something never came before all. */
function slowest(recoveries: readonly Recovery[]): Recovery | undefined {
  const last = ({ marks, lengthMs }: Recovery) =>
    Math.max(0, ...marks.map(({ tookMs }) => (tookMs === 'never' ? lengthMs * 2 : tookMs === 'unseen' ? 0 : tookMs)))
  return recoveries
    .filter(({ marks }) => marks.length > 0)
    .reduce<Recovery | undefined>((worst, next) => (!worst || last(next) > last(worst) ? next : worst), undefined)
}
