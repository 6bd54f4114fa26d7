// What judging in parts found, for people. Pure.
import type { JudgedInParts } from './judge-in-parts.ts'

export function inPartsText({ told, parts, verdicts }: JudgedInParts): { text: string; exitCode: 0 | 1 | 2 } {
  const { calls, answered, badLines, agents, latencyMs, latenessMs } = told
  const flawed = [...agents].filter(([, { sequence, stopped, sends, callsSent }]) => {
    return sequence.missing.length + sequence.doubled.length > 0 || !stopped || sends !== callsSent
  })
  const quantiles = (of: typeof latencyMs) => [0.5, 0.95, 0.99].map((p) => `p${p * 100} ${of.quantile(p)}`).join(', ')
  const status = (one: string) => verdicts.some((verdict) => verdict.status === one)
  const exitCode = status('fail') ? 1 : status('unknown') || flawed.length > 0 || badLines > 0 ? 2 : 0
  const text = [
    `calls      ${calls} sent, ${answered} answered, ${calls - answered} without an end, ${agents.size} agents, ${parts} parts`,
    `latency    ${quantiles(latencyMs)}, max ${latencyMs.quantile(1)} ms`,
    `lateness   ${quantiles(latenessMs)}, max ${latenessMs.quantile(1)} ms (first calls of tasks)`,
    flawed.length === 0 && badLines === 0
      ? 'every line is there, once'
      : `not whole: ${badLines} lines cannot be read; ${flawed.length} agents, ${flawed
          .slice(0, 5)
          .map(([agent]) => agent)
          .join(', ')}`,
    ...verdicts.map(({ check, status: is, says, because }) => `${is.padEnd(10)} ${check}: ${because ?? says}`),
  ].join('\n')
  return { text, exitCode }
}
