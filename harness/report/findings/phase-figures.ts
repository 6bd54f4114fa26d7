// The run in figures, phase by phase: what came of the calls, how the server's own numbers and times lay, how often it knocked at what
// is behind it. One who mends a server reads from it what a check's sentence leaves open: which pool was full, which breaker stayed
// shut, whose budget refused. Rows that never counted are left out, and times too short to matter; at most 34 rows.
// Values: sums and shares of calls by the phase in which they were sent; the largest sample; the median and largest of times.
// Not modelled: the warm-up; windows apart from each other.
import type { History } from '../../history/history.ts'
import { quantile } from '../../history/quantiles.ts'
import { attemptsAt } from '../../history/queries.ts'
import { isDuring } from '../../history/stretch.ts'
import { duration, figure, number, percent } from '../figures.ts'
import { type Alike, callsIn, isMeasured, type Kind, kindsOf, tookIn } from '../kinds.ts'
import { short } from '../plain.ts'

export const PHASES = ['steady', 'stress', 'recovery'] as const
type Shown = (typeof PHASES)[number]

export interface FigureRow {
  name: string
  /** As text, by phase; a dash where there is none. */
  values: Record<Shown, string>
}

const ROWS_MAX = 34
/** Attempts in a whole run that say nothing. */
const FEW = 5
/** Times of the server's own, ms, that say nothing. */
const SHORT_MS = 5

export function phaseFigures(history: History): FigureRow[] {
  const rows = [...callRows(history), ...knockRows(history), ...sampleRows(history), ...logRows(history)]
  return rows.slice(0, ROWS_MAX)
}

function row(name: string, valueIn: (phase: Shown) => string | undefined): FigureRow {
  const values = Object.fromEntries(PHASES.map((phase) => [phase, valueIn(phase) ?? '–']))
  return { name, values: values as Record<Shown, string> }
}

/** Length of all stretches of a phase, s. */
function secondsOf({ plan }: History, phase: Shown): number {
  return plan.phases.reduce((sum, { name, fromMs, toMs }) => (name === phase ? sum + (toMs - fromMs) / 1_000 : sum), 0)
}

function callRows(history: History): FigureRow[] {
  const kinds = kindsOf(history.calls).filter(({ alike }) => alike.role !== 'handshake')
  const measured = (phase: Shown) => kinds.filter(({ alike }) => alike.phase === phase && isMeasured(alike))
  const stressing = (phase: Shown) => kinds.filter(({ alike }) => alike.phase === phase && alike.hostile)
  const rows = [
    row('calls of the measured agents, good', (phase) => {
      const all = callsIn(measured(phase))
      return all === 0 ? undefined : `${number(all)}, ${percent(callsIn(measured(phase).filter(({ alike }) => alike.good)) / all)}`
    }),
    ...fateRows('', measured),
  ]
  if (history.plan.agents.some(({ hostile }) => hostile))
    rows.push(
      row('calls of the stressing agents', (phase) => number(callsIn(stressing(phase)))),
      ...fateRows('stressing: ', stressing),
    )
  const took = (phase: Shown) => {
    const sorted = tookIn(measured(phase).filter(({ alike }) => alike.outcome === 'ok'))
    const at = (p: number) => duration(Math.round(quantile(sorted, p)))
    return sorted.length === 0 ? undefined : joined(at(0.5), at(0.99))
  }
  return [...rows, row('answered ok within, median / p99', took)]
}

function joined(a: string | undefined, b: string | undefined): string | undefined {
  return a === undefined ? undefined : `${a} / ${b}`
}

/** What calls ended as, the commonest first; a refusal with the budget that it names. */
function fateRows(prefix: string, kindsIn: (phase: Shown) => readonly Kind[]): FigureRow[] {
  const counts = new Map<string, Map<Shown, number>>()
  for (const phase of PHASES)
    for (const { alike, calls } of kindsIn(phase)) {
      const name = endOf(alike)
      const phases = counts.get(name) ?? new Map<Shown, number>()
      counts.set(name, phases.set(phase, (phases.get(phase) ?? 0) + calls.length))
    }
  const total = (phases: Map<Shown, number>) => [...phases.values()].reduce((sum, n) => sum + n, 0)
  return [...counts]
    .sort(([, a], [, b]) => total(b) - total(a))
    .slice(0, 7)
    .map(([name, phases]) => row(`${prefix}${name}`, (phase) => number(phases.get(phase) ?? 0)))
}

/** `429 refused (agent RATE_LIMITED)`, `no answer (timeout) lost`. */
function endOf({ evidence, budget, class: is }: Alike): string {
  const { status, transport, data } = evidence
  const said = [budget ?? data?.scope, data?.code].filter((word) => typeof word === 'string').map((word) => short(word, 32))
  const as = status === 0 ? `no answer (${transport ?? 'in flight at the end'})` : String(status)
  return `${as} ${is}${said.length > 0 ? ` (${[...new Set(said)].join(' ')})` : ''}`
}

function knockRows(history: History): FigureRow[] {
  const links = [...new Set([...history.attempts.map(({ link }) => link), ...(history.hits.length > 0 ? ['upstream'] : [])])]
  return links
    .filter((link) => link !== 'server')
    .flatMap((link) => {
      const attempts = attemptsAt(history, link)
      if (attempts.length < FEW) return []
      const kind = link === 'upstream' && history.hits.length > 0 ? 'requests that reached' : 'connection attempts at'
      const knocks = row(`${kind} ${short(link, 20)}, a second`, (phase) => {
        const inside = attempts.filter(({ atMs }) => phaseAt(history, atMs) === phase)
        return secondsOf(history, phase) === 0 ? undefined : number(inside.length / secondsOf(history, phase))
      })
      return [knocks]
    })
}

function phaseAt({ plan }: History, atMs: number): string | undefined {
  return plan.phases.find((phase) => isDuring(phase, atMs))?.name
}

/** Samplers of the run itself, which say nothing of the server. */
const OURS = new Set(['harness', 'proxy', 'k6', 'undici', 'balancer', 'others'])
const DULL = new Set([
  'maxConnections',
  'commands',
  'keys',
  'memoryBytes',
  'clients',
  'liveMs',
  'readyMs',
  'metricsMs',
  'handles',
  'rssBytes',
  'activeOverSecond',
])

/** The largest sample of each series; over all instances. */
function sampleRows(history: History): FigureRow[] {
  const tops = new Map<string, Map<string, number>>()
  const names = new Map<string, string>()
  for (const { sampler, instance, values, atMs } of history.samples) {
    const phase = phaseAt(history, atMs)
    if (phase === undefined || OURS.has(instance ?? '') || sampler === 'machine') continue
    for (const [series, value] of Object.entries(values)) {
      if (DULL.has(series) || !Number.isFinite(value)) continue
      const told = names.get(series) ?? withoutUsual(series)
      names.set(series, told)
      const name = `${sampler}: ${told}`
      const phases = tops.get(name) ?? new Map<string, number>()
      tops.set(name, phases.set(phase, Math.max(value, phases.get(phase) ?? Number.NEGATIVE_INFINITY)))
    }
  }
  return [...tops].flatMap(([name, phases]) => {
    const shown = PHASES.map((phase) => phases.get(phase) ?? 0)
    if (
      shown.every((value) => value === 0) ||
      (/Ms$/.test(name) && shown.every((value) => value < SHORT_MS)) ||
      (shown.every((value) => value === shown[0]) && /Status/.test(name))
    )
      return []
    return [row(`most ${short(name, 60)}`, (phase) => (phases.has(phase) ? shownValue(name, phases.get(phase)) : undefined))]
  })
}

/** Labels that say nothing are left out. */
function withoutUsual(series: string): string {
  return series.replace(/[{,]\w+="(?:used|)"(?=[,}])/g, (found) => (found.startsWith('{') ? '{' : '')).replace(/\{,?\}/, '')
}

function shownValue(name: string, value: number | undefined): string {
  if (/Seconds/.test(name) && value !== undefined) return duration(Math.round(value * 1_000))
  return figure(value, /Ms$/.test(name) ? 'ms' : /Share/.test(name) ? 'share' : '')
}

function logRows({ said: { times } }: History): FigureRow[] {
  return [...times].flatMap(([field, phases]) => {
    const sorted = new Map(PHASES.map((phase) => [phase, new Float64Array(phases.get(phase) ?? []).sort()]))
    if (PHASES.every((phase) => (sorted.get(phase)?.at(-1) ?? 0) < SHORT_MS)) return []
    return [
      row(`log: ${short(field, 30)}, median / most`, (phase) => {
        const at = (p: number) => duration(Math.round(quantile(sorted.get(phase) ?? [], p)))
        return sorted.get(phase)?.length === 0 ? undefined : joined(at(0.5), at(1))
      }),
    ]
  })
}
