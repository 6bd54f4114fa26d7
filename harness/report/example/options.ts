// What a test may ask of the made-up run. One choice gives one history, byte for byte.
import type { Manifest } from '../../history/manifest.ts'
import type { Phase } from '../../plan/plan.ts'

export interface ExampleOptions {
  callsPerSecond?: number
  starved?: boolean
  /** Measured agents that were refused ask again, most of them after the wait they were told. */
  retries?: boolean
  fault?: boolean
  /** Put where the server under test chooses the words: tools, messages, labels, instances. */
  hostileText?: string
  offers?: Manifest['offers']
  weaken?: string
  notes?: string[]
}

export const phases: Phase[] = [
  { name: 'warm-up', fromMs: 0, toMs: 3_000 },
  { name: 'steady', fromMs: 3_000, toMs: 11_000 },
  { name: 'stress', window: 'stress', fromMs: 11_000, toMs: 19_000 },
  { name: 'recovery', window: 'stress', fromMs: 19_000, toMs: 27_000 },
]
