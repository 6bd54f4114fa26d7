// Who knocks at a dead dependency though its breaker is open: a liveness probe, a pool that connects anew by itself, a tool that was
// forgotten. Attempts at the harness's link are laid beside the breaker's own metric, and beside the probes that failed.
//
// Parameter: the fault. Not modelled: which path it was, where it is no probe; breakers that no metric shows.
import type { FaultRecord } from '../history/faults.ts'
import type { History } from '../history/history.ts'
import { points, probeHolds } from '../history/samples.ts'
import type { Finding } from './check.ts'
import { some } from './finding.ts'

/** So near to a failed probe of liveness is the probe's own attempt: a tenth to a fifth of all moments are so near by chance. */
const PROBE_MS = 25

/** Most attempts came while the breaker read open: somebody goes past it. Undefined when not so, or when no breaker is seen. */
export function pastBreaker(history: History, { dependency, fromMs, toMs }: FaultRecord): Pick<Finding, 'remedy' | 'follows'> | undefined {
  const readings = points(history, 'breakerOpen').filter(({ series }) => series.includes(`"${dependency}"`))
  const open = (atMs: number) => {
    const before = readings.findLast((reading) => reading.atMs <= atMs)
    const after = readings.find((reading) => reading.atMs > atMs)
    return before?.value === 1 && after?.value === 1
  }
  const attempts = history.attempts.filter(({ link, atMs }) => link === dependency && atMs >= fromMs && atMs <= toMs)
  const late = attempts.filter(({ atMs }) => open(atMs))
  if (late.length * 2 <= attempts.length) return undefined
  const probes = points(history, 'liveStatus').filter(({ value }) => !probeHolds(value))
  const probing = late.filter(({ atMs }) => probes.some((probe) => Math.abs(probe.atMs - atMs) <= PROBE_MS))
  const byProbes = probing.length * 2 > late.length
  const told = byProbes ? `, ${probing.length} of them as a liveness probe failed` : ''
  return {
    remedy: {
      control: byProbes ? 'probes' : 'breaker',
      do: `${some(late.length, 'attempt')} came while the breaker read open${told}: find who goes past it (a probe, the pool’s own reconnects, a tool without it), and put that behind it too.`,
      runbook: 'DEPENDENCY_UNAVAILABLE',
    },
    ...(byProbes && { follows: ['live-not-ready'] }),
  }
}
