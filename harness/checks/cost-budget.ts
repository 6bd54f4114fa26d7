// A18: under stress a call costs about what it cost before: CPU, log, memory. A server that formats a stack
// for every refusal, logs the whole request and keeps it, dies of its own care just when it has most to do.
//
// Measured in each stress against the steady phase, a call being one that was answered, whatever the answer, or given up after it was sent,
// since that cost the server too: CPU of the server's processes (limit cpuRatio, 2 ×), bytes of its log (logRatio, 3 ×, and never more than
// logBytes, 10 kB; less than logFloorBytes more, 1 kB, is no growth: some servers log only what failed), heap after collection (heapRatio,
// 2 ×; less than heapFloorBytes more, 16 MB, is none). All ours. 95 % intervals by block bootstrap over seconds; fewer than 100 calls on a
// side leave CPU and log out. Where a fifth of the calls are other tools' work than before, dearer CPU is unknown; so is a larger heap where
// it may be garbage (held.ts). What the target does not show is left out, and said. Not modelled: cost at the dependencies, and disk and
// network.
import { phaseOf, phasesOf } from '../history/queries.ts'
import { bytes, ratio } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { type Cost, cpuUsed, heapCost, kilobytes, logUsed, perCall, tenths } from './cost.ts'
import { unknown } from './finding.ts'

const PARTS = ['CPU', 'log', 'heap'] as const

export const costBudget = check({
  code: 'A18',
  title: 'Under stress a call costs what it cost before',
  why: 'What a call costs in CPU, log and memory decides how much stress a server can take. A dear refusal makes the limiter the outage.',
  remedy: {
    control: 'the log',
    do: 'One line a call, whatever became of it: no stack, no arguments, no state. Count repeated errors instead of telling each, and keep nothing of a call that is over.',
    runbook: 'RATE_LIMITED',
  },
  source: 'BerriAI/litellm#40482; limits are ours',
  sort: 'statistical',
  comparesWithBaseline: true,
  needs: ['cost'],
  ofAllAgents: true,
  limits: {
    cpuRatio: ratio(2),
    logRatio: ratio(3),
    logBytes: bytes(10_000),
    logFloorBytes: bytes(1_000),
    heapRatio: ratio(2),
    heapFloorBytes: bytes(16_000_000),
  },
  judge(history, limits) {
    const steady = phaseOf(history, 'steady')
    if (!steady) return unknown('the plan has no steady phase')
    const sent = history.calls.filter(({ endedAtMs, class: is }) => endedAtMs !== undefined && is !== 'unreachable')
    const [cpu, log] = [cpuUsed(history), logUsed(history)]
    const found = phasesOf(history, 'stress').flatMap((stress) => [
      ...perCall(sent, [steady, stress], {
        what: 'CPU',
        used: cpu,
        limit: limits.cpuRatio,
        told: (ms) => `${tenths(ms)} ms of CPU`,
      }),
      ...perCall(sent, [steady, stress], {
        what: 'log',
        used: log,
        limit: limits.logRatio,
        most: limits.logBytes,
        floor: limits.logFloorBytes,
        told: (size) => `${kilobytes(size)} of log`,
      }),
      ...heapCost(history, [steady, stress], limits),
    ])
    if (found.length === 0) return unknown('neither CPU nor log nor heap was seen for long enough, or too few calls were answered')
    const unseen = PARTS.filter((part) => !found.some(({ what }) => what === part))
    const says = [...found.map(({ finding }) => finding.says), ...(unseen.length > 0 ? [`not seen: ${unseen.join(', ')}`] : [])].join('; ')
    return { ...worstOf(found), samples: sent.length, says }
  },
})

function worstOf(found: readonly Cost[]): Finding {
  const all = found.map(({ finding }) => finding).toSorted((a, b) => excess(b) - excess(a))
  const worst = (status: Finding['status']) => all.find((one) => one.status === status)
  return worst('fail') ?? worst('unknown') ?? worst('pass') ?? unknown('nothing was measured')
}

function excess({ measured = 0, limit = 1 }: Finding): number {
  return measured / limit
}
