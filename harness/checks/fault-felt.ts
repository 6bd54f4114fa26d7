// Gate G2: did each planned fault bite, was anybody exposed to it, and was it healed? A server that holds against a fault
// that never happened has proved nothing. Effect is what a canary of the harness saw through the same path; exposure is a
// call that needs the dependency, in flight while the fault was in force: an open breaker may rightly keep it from feeling it. But a server
// that in the whole run never came by the proxy's link to the dependency has gone past it, and was not broken.
//
// Limits: calls, the least number of exposed calls a fault (default 1). Not modelled: how much of the traffic was exposed.
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { attemptsAt, overlaps } from '../history/queries.ts'
import { count } from '../parameters.ts'
import { check } from './check.ts'
import { notExercised } from './finding.ts'

export const faultFelt = check({
  code: 'G2',
  title: 'Every planned fault was felt, and healed',
  why: 'A pass under a fault that nothing felt is the most dangerous kind: it looks like resilience and is an empty experiment.',
  remedy: {
    control: 'the fault',
    do: 'See that the server reaches the dependency through the address that the harness gave it, and that some role of the target names the dependency in `needs`.',
  },
  source: 'Antithesis "sometimes" assertions; xk6-disruptor ErrNoRequests',
  sort: 'gate',
  needs: [],
  limits: { calls: count(1, { from: 1, to: 1_000_000 }) },
  judge(history, limits) {
    const faults = faultsOf(history)
    if (faults.length === 0) return notExercised('the plan has no fault')
    const problems = faults.flatMap((fault) => problem(history, fault, limits.calls))
    return {
      status: problems.length === 0 ? 'pass' : 'unknown',
      measured: faults.length - problems.length,
      limit: faults.length,
      unit: 'faults',
      samples: faults.length,
      says: problems.length === 0 ? faults.map((fault) => success(history, fault)).join('; ') : problems.join('; '),
    }
  },
})

function problem(history: History, fault: FaultRecord, leastCalls: number): string[] {
  const { dependency } = fault
  if (dependency === undefined) return [`${fault.fault} was never injected`]
  if (!fault.felt) return [`${fault.fault} was not felt${detail(fault, 'not-felt')}`]
  const calls = exposed(history, fault)
  if (calls < leastCalls)
    return [`${fault.fault} exposed nobody: ${calls} calls that need ${dependency} were in flight while it was in force`]
  if (goesPast(history, dependency))
    return [`${fault.fault} broke a link that the server never used: nobody came to ${dependency} by way of the proxy in the whole run`]
  if (!fault.healed) return [`${fault.fault} was not healed${detail(fault, 'not-healed')}`]
  return []
}

/** Attempts are counted from before the server's start on. */
function goesPast(history: History, dependency: string): boolean {
  return dependency !== 'server' && history.manifest.offers[`link:${dependency}`] === true && attemptsAt(history, dependency).length === 0
}

function success(history: History, fault: FaultRecord): string {
  return `${fault.fault} was felt${detail(fault, 'felt')} with ${exposed(history, fault)} calls exposed, and healed`
}

function exposed(history: History, fault: FaultRecord): number {
  return needing(history, fault.dependency ?? '').filter((call) => overlaps(call, fault)).length
}

function detail({ lines }: FaultRecord, event: string): string {
  const text = lines.findLast((line) => line.event === event)?.detail
  return text === undefined ? '' : ` (${text})`
}
