// What refusals promised against how long agents stayed away, and whether they were then let in. The honest line is where both are the
// same: a cross on it or above it is an agent that waited as told and was refused again, which teaches agents not to wait. Dots under
// it came sooner than told. Many are rounded to a grid, so that a million draw as fast as ten; the size says how many fell on a point.
import type { History } from '../../history/history.ts'
import { waitsOf } from '../waits.ts'
import { chart } from './chart.ts'

/** So many waits are drawn where they are; of more, those within a cell of this many along each axis are one dot. */
const EXACT_UP_TO = 300
const CELLS = 50

interface Dot {
  toldS: number
  waitedS: number
  became: 'let in' | 'refused again'
  waits: number
}

export const retryAfter = chart({
  title: 'Told to wait against waited',
  caption:
    'Across: the wait that a refusal named. Up: how long the agent stayed away. A cross on or above the line waited as told, and was refused again.',
  place: 'waits',
  order: 10,
  needs: ['responses'],
  draw(history) {
    const dots = dotsOf(history)
    if (dots.length === 0) return undefined
    const most = Math.max(...dots.map(({ toldS }) => toldS), ...dots.map(({ waitedS }) => waitedS)) * 1.06
    const scale = { domain: [0, most], nice: false }
    const seconds = { labelExpr: "datum.label + ' s'", tickCount: 5 }
    const x = { field: 'toldS', type: 'quantitative' as const, scale, axis: { ...seconds, title: null, grid: false } }
    const y = { field: 'waitedS', type: 'quantitative' as const, scale, axis: { ...seconds, title: null } }
    const legend = { title: null, orient: 'top' as const, symbolOpacity: 1 }
    const domain = ['let in', 'refused again']
    return {
      height: 240,
      layer: [
        {
          data: { values: [{ toldS: 0, waitedS: 0, toS: most }] },
          mark: { type: 'rule', color: 'var(--offered)', strokeDash: [5, 4] },
          encoding: { x, y, x2: { field: 'toS' }, y2: { field: 'toS' } },
        },
        {
          data: { values: dots },
          mark: { type: 'point', filled: true, opacity: 0.8 },
          encoding: {
            x,
            y,
            size: { field: 'waits', type: 'quantitative', scale: { type: 'sqrt', range: [36, 300] }, legend: null },
            color: { field: 'became', type: 'nominal', scale: { domain, range: ['var(--good)', 'var(--failed)'] }, legend },
            shape: { field: 'became', type: 'nominal', scale: { domain, range: ['circle', CROSS] }, legend },
          },
        },
      ],
    }
  },
})

/** A saltire, filled: told from a disc in any colour. */
const CROSS = 'M-1,-0.7L-0.7,-1L0,-0.3L0.7,-1L1,-0.7L0.3,0L1,0.7L0.7,1L0,0.3L-0.7,1L-1,0.7L-0.3,0Z'

/** On which side of the line a point lies survives the rounding: it is away from the line. */
function dotsOf(history: History): Dot[] {
  const waits = waitsOf(history)
  const mostMs = waits.reduce((most, { toldMs, waitedMs }) => Math.max(most, toldMs, waitedMs), 1)
  const stepMs = waits.length <= EXACT_UP_TO ? 1 : mostMs / CELLS
  const down = (ms: number) => toSeconds(Math.floor(ms / stepMs) * stepMs)
  const up = (ms: number) => toSeconds(Math.ceil(ms / stepMs) * stepMs)
  const dots = new Map<string, Dot>()
  for (const { toldMs, waitedMs, letIn } of waits) {
    const above = waitedMs >= toldMs
    const at = above ? { toldS: down(toldMs), waitedS: up(waitedMs) } : { toldS: up(toldMs), waitedS: down(waitedMs) }
    const dot: Dot = { ...at, became: letIn ? 'let in' : 'refused again', waits: 0 }
    const key = `${dot.toldS} ${dot.waitedS} ${dot.became}`
    const known = dots.get(key) ?? dot
    dots.set(key, known)
    known.waits++
  }
  return (
    [...dots.values()]
      .sort((a, b) => a.toldS - b.toldS || a.waitedS - b.waitedS)
      // Crosses on top: one must not hide under those that were let in.
      .sort((a, b) => Number(a.became === 'refused again') - Number(b.became === 'refused again'))
  )
}

function toSeconds(ms: number): number {
  return Number((ms / 1000).toPrecision(5))
}
