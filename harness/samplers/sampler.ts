// What a sampler is written against: named numbers about the run, read at a steady period.
import type { Environment } from '../environment/service.ts'
import type { Observe } from '../target.ts'

export interface Reading {
  /** Which instance of the server, when there are several. */
  instance?: string
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
}

export function sampler(definition: Omit<Sampler, 'kind'>): Sampler {
  return { kind: 'sampler', ...definition }
}
