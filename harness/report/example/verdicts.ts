// Made-up verdicts for the tests of this folder, with everything that a check can say. What they say has no bearing on the
// calls of the made-up run unless the test makes it so.
import type { Status, Verdict, Verdicts } from '../../checks/check.ts'

/** A verdict with everything a check can say, as far as its status allows. */
export function exampleVerdict(status: Status, more: Partial<Verdict> = {}): Verdict {
  return {
    check: 'pool-bounded',
    code: 'A8',
    title: 'The server keeps to its pool',
    sort: 'exact',
    status,
    essential: false,
    samples: 54,
    says: 'At most 8 of 8 connections were open',
    measured: 8,
    limit: 8,
    unit: 'connections',
    margin: 0,
    witnesses: [],
    exhibits: [],
    evidence: 'direct',
    why: 'A server that opens connections as it likes takes the database away from everybody else.',
    remedy: { control: 'bulkhead', do: 'One pool a process, sized once.' },
    source: 'seed 2, "The Production Gotcha"',
    ...(status === 'unknown' && { because: 'G3 baseline-steady: the halves of the steady phase differ by 9 points' }),
    ...(status === 'not-judged' && { addLine: "observe: { postgres: { role: 'app' } }" }),
    ...more,
  }
}

export function exampleVerdicts(status: Verdicts['status'], verdicts: Verdict[], headline: string, weaken?: string): Verdicts {
  const exitCode = ({ pass: 0, fail: 1, unknown: 2 } as const)[status]
  const run = { schemaVersion: 1, run: 'r7', scenario: 'runaway-loop', target: 'reference', seed: 7, scale: 'quick' }
  return { ...run, ...(weaken !== undefined && { weaken }), status, exitCode, headline, verdicts }
}
