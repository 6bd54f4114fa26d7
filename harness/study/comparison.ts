// What `npm run compare` says of runs that were taken in turns: the answer, a table, and a picture of the intervals.
import type { Spec } from '../report/charts/chart.ts'
import { type Answer, type Difference, differencesOf, overall } from './difference.ts'
import type { Study } from './page.ts'
import type { Second } from './windows.ts'

export interface Compared {
  folder: string
  /** What was changed between the runs, if anything: the weakness. */
  label: string
  seconds: readonly Second[]
  /** Why it proves nothing: its load was not offered, its fault not felt. */
  flaw?: string
}

export interface Comparison {
  answer: Answer
  differences: Difference[]
  study: Study
}

/** @param runs in the order in which they were taken: before, after, before, after, … */
export function comparison(runs: readonly Compared[], seed: number, command: string): Comparison {
  const pairs = runs.flatMap((before, n) => (n % 2 === 0 && runs[n + 1] ? [{ before, after: runs[n + 1] as Compared }] : []))
  const flaws = runs.flatMap(({ folder, flaw }) => (flaw === undefined ? [] : [`${folder}: ${flaw}`]))
  const differences = differencesOf(
    pairs.map(({ before, after }) => ({ before: before.seconds, after: after.seconds })),
    seed,
  )
  const answer = flaws.length > 0 ? 'cannot tell' : overall(differences)
  const [first] = pairs
  const names = first ? `${first.before.label} before, ${first.after.label} after` : ''
  const study: Study = {
    title: `${pairs.length} ${pairs.length === 1 ? 'pair' : 'pairs'} of runs: ${names}`,
    says: sentence(answer, differences),
    tone: answer === 'worse' ? 'fail' : answer === 'cannot tell' ? 'unknown' : 'pass',
    about:
      'Second by second the same was asked of both runs of a pair. Blocks of seconds are drawn again to see how far the differences may be chance.',
    plots: [
      {
        title: 'Times, after ÷ before',
        caption: 'A point and its interval; left of 1 is faster. Dashed: what is the same to us.',
        spec: plot(differences),
      },
    ],
    tables: [{ title: 'Differences', head: ['', 'before', 'after', 'change', 'interval', ''], rows: differences.map(row) }],
    command,
    notes: [
      ...flaws.map((flaw) => `It proves nothing: ${flaw}.`),
      ...(pairs.length < 3
        ? ['Fewer than three pairs: what differs from run to run alone is taken from equal runs of our own server.']
        : []),
    ],
  }
  return { answer, differences, study }
}

function sentence(answer: Answer, differences: readonly Difference[]): string {
  const moved = differences.filter((one) => one.phase === 'whole run' && one.answer === answer)
  const told = moved.map(({ figure, ...one }) => `${figure} ${valueText(figure, one.before)} → ${valueText(figure, one.after)}`)
  if (answer === 'worse' || answer === 'better') return `${answer}: ${told.join(', ')}`
  return answer === 'cannot tell' ? 'cannot tell: take more pairs, or longer runs' : 'no difference shown'
}

function row({ phase, figure, before, after, change, interval, answer }: Difference): string[] {
  return [
    `${phase}, ${figure}`,
    valueText(figure, before),
    valueText(figure, after),
    changeText(figure, change),
    interval.some(Number.isNaN) ? 'too few' : interval.map((end) => changeText(figure, end)).join(' to '),
    answer,
  ]
}

function valueText(figure: Difference['figure'], value: number): string {
  if (!Number.isFinite(value)) return 'none'
  return figure === 'good answers' ? `${Math.round(value * 1_000) / 10} %` : `${Math.round(value * 10) / 10} ms`
}

function changeText(figure: Difference['figure'], change: number): string {
  if (!Number.isFinite(change)) return 'none'
  if (figure === 'good answers') return `${change < 0 ? '−' : '+'}${Math.round(Math.abs(change) * 1_000) / 10} points`
  return `× ${Math.round(change * 100) / 100}`
}

function plot(differences: readonly Difference[]): Spec {
  const values = differences
    .filter(({ figure, interval }) => figure !== 'good answers' && interval.every(Number.isFinite))
    .map(({ phase, figure, change, interval: [low, high], answer }) => ({ name: `${phase}: ${figure}`, change, low, high, answer }))
  const y = { field: 'name', type: 'nominal' as const, sort: null, axis: { title: null } }
  const colour = {
    answer: ['better', 'worse', 'no difference shown', 'cannot tell'],
    is: ['var(--pass)', 'var(--fail)', 'var(--good)', 'var(--unknown)'],
  }
  const color = {
    field: 'answer',
    type: 'nominal' as const,
    scale: { domain: colour.answer, range: colour.is },
    legend: { orient: 'top' as const, title: null },
  }
  const scale = { type: 'log' as const, domain: [0.5, 2], clamp: true }
  return {
    height: Math.max(60, 26 * values.length),
    layer: [
      {
        data: { values: [{ at: 0.95 }, { at: 1.05 }] },
        mark: { type: 'rule', strokeDash: [4, 3], color: 'var(--line-strong)' },
        encoding: { x: { field: 'at', type: 'quantitative', scale } },
      },
      {
        data: { values },
        mark: { type: 'rule', strokeWidth: 2 },
        encoding: {
          y,
          x: { field: 'low', type: 'quantitative', scale, axis: { title: null, format: '.2~f' } },
          x2: { field: 'high' },
          color,
        },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 60 },
        encoding: { y, x: { field: 'change', type: 'quantitative', scale }, color },
      },
    ],
  } as Spec
}
