// What reached the upstream stub, fetched while the run goes on, so that a run that is cut short keeps what it saw.
import { setTimeout as wait } from 'node:timers/promises'
import type { UpstreamService } from '../environment/service.ts'
import type { HitLine } from '../history/raw-line.ts'

const EVERY_MS = 1_000

/** Until the signal, and once more after it. A stub that has gone has nothing more to say. */
export async function recordHits(
  upstream: UpstreamService | undefined,
  record: (line: HitLine) => void,
  signal: AbortSignal,
): Promise<void> {
  if (!upstream) return
  for (let last = false; !last; ) {
    await wait(EVERY_MS, undefined, { signal }).catch(() => undefined)
    last = signal.aborted
    const hits = await upstream.takeHits().catch(() => [])
    for (const hit of hits) record({ kind: 'hit', ...hit })
  }
}
