// What a sampler is written against: named numbers about the run, read at a steady period.
import type { Environment } from '../environment/service.ts'
import type { Observe } from '../target.ts'

export interface Reading {
  /** Which instance of the server, when there are several. */
  instance?: string
  /** Wall-clock ms of what it tells, where that is not the moment at which it was asked for. */
  atMs?: number
  /** Names end in their unit: `poolWaiting`, `cpuShare`, `rssBytes`; a label set may follow in braces. */
  values: Record<string, number>
}

export interface Sampler {
  kind: 'sampler'
  summary: string
  source: string
  periodMs: number
  /** Is there anything to read for this target? */
  applies(environment: Environment, observe: Observe): boolean
  /** One reading an instance. Throws when the source does not answer: the run records the gap. */
  sample(environment: Environment, observe: Observe, signal: AbortSignal): Promise<Reading[]>
  /** Lets go of what it has kept for a run. */
  end?(environment: Environment): void
}

export function sampler(definition: Omit<Sampler, 'kind'>): Sampler {
  return { kind: 'sampler', ...definition }
}
