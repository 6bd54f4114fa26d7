// Reads every sampler at its period, from the start of the load to its end. One reading at a time a sampler: a slow
// source leaves a gap in the samples, not a queue.
import { setTimeout as wait } from 'node:timers/promises'
import type { Units } from '../discover.ts'
import type { Environment } from '../environment/service.ts'
import type { SampleLine } from '../history/raw-line.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Observe } from '../target.ts'

/** A source that does not answer within this is a gap. */
const READING_MS = 1_000

export interface SamplingOptions {
  samplers: Units<Sampler>
  environment: Environment
  observe: Observe
  record: (line: SampleLine) => void
  signal: AbortSignal
}

/** Runs until the signal; never throws. Returns how many readings failed, by sampler. */
export async function runSamplers({ samplers, environment, observe, record, signal }: SamplingOptions): Promise<Record<string, number>> {
  const failed: Record<string, number> = {}
  const applying = samplers.all.filter(({ value }) => value.applies(environment, observe))
  await Promise.all(
    applying.map(async ({ id, value }) => {
      while (!signal.aborted) {
        const startedMs = Date.now()
        try {
          for (const reading of await value.sample(environment, observe, AbortSignal.any([signal, AbortSignal.timeout(READING_MS)]))) {
            record({ kind: 'sample', atMs: startedMs, sampler: id, ...reading })
          }
        } catch {
          if (!signal.aborted) failed[id] = (failed[id] ?? 0) + 1
        }
        await wait(Math.max(0, value.periodMs - (Date.now() - startedMs)), undefined, { signal }).catch(() => undefined)
      }
      value.end?.(environment)
    }),
  )
  return failed
}
