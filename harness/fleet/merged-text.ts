// What a merge found, for people: each generator, exact counts and quantiles over all of them, and every line that is missing or there
// twice by its agent and number. Quantiles are taken over all calls together, never averaged over generators. Pure.
import type { AgentLine } from '../history/event.ts'
import { uncertainClock } from '../history/fleet.ts'
import type { History } from '../history/history.ts'
import { latenessMs } from '../history/lateness.ts'
import type { GeneratorRecord } from '../history/manifest.ts'
import { quantile } from '../history/quantiles.ts'

const NAMED_MAX = 20

/** `whole`: nothing is missing, doubled, or uncertain. */
export function mergedText(history: History): { text: string; whole: boolean } {
  const { calls, agents, manifest } = history
  const fleet = manifest.fleet ?? []
  const flawed = agents.filter(({ missing, stopped }) => missing.length > 0 || !stopped)
  const answered = calls.flatMap(({ sentAtMs, endedAtMs }) => (endedAtMs === undefined ? [] : [endedAtMs - sentAtMs]))
  const whole = flawed.length === 0 && fleet.every((one) => one.starts === 1 && uncertainClock(one) === undefined && !one.strangers)
  const text = [
    ...fleet.map(generatorText),
    `calls      ${calls.length} sent, ${answered.length} answered, ${calls.length - answered.length} without an end`,
    `by class   ${byClass(calls.map(({ class: is }) => is))}`,
    `latency    ${quantiles(answered)}`,
    `lateness   ${quantiles(latenessMs(history))} (first calls of tasks)`,
    ...(manifest.notes.length > 0 ? ['notes', ...manifest.notes.map((note) => `  ${note}`)] : []),
    ...(flawed.length > 0 ? ['not whole', ...flawed.slice(0, NAMED_MAX).map(flawText)] : ['every line is there, once']),
    ...(flawed.length > NAMED_MAX ? [`  and ${flawed.length - NAMED_MAX} agents more`] : []),
  ].join('\n')
  return { text, whole }
}

function generatorText({ part, of, state, agents, lines, laterMs, offsetMs, uncertaintyMs }: GeneratorRecord): string {
  const clock = uncertaintyMs === undefined ? 'clock unknown' : `clock ${signed(offsetMs)} ± ${uncertaintyMs.toFixed(1)} ms`
  return `generator  ${part} of ${of}: ${state}, ${agents} agents, ${lines} lines, ${clock}, began ${laterMs.toFixed(1)} ms after the first`
}

function signed(ms: number): string {
  return `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(1)}`
}

function flawText({ agent, missing, stopped, lines }: AgentLine): string {
  const numbers = missing.slice(0, 8).join(', ') + (missing.length > 8 ? ` and ${missing.length - 8} more` : '')
  const said = [
    ...(missing.length > 0 ? [`${missing.length === 1 ? 'line' : 'lines'} ${numbers} missing or doubled`] : []),
    ...(stopped ? [] : [lines === 0 ? 'never heard of' : 'no end']),
  ]
  return `  ${agent}: ${said.join('; ')}`
}

function byClass(classes: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const one of classes) counts.set(one, (counts.get(one) ?? 0) + 1)
  const sorted = [...counts].sort((a, b) => b[1] - a[1])
  return sorted.map(([one, count]) => `${one} ${count}`).join(', ') || 'none'
}

function quantiles(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return 'nothing to measure'
  return `${[0.5, 0.95, 0.99].map((p) => `p${p * 100} ${quantile(sorted, p).toFixed(1)}`).join(', ')}, max ${sorted.at(-1)?.toFixed(1)} ms`
}
