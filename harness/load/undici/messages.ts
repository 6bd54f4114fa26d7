// What the harness and the undici driver's process say to each other, over the channel of a child process. Tokens travel here
// too: the channel is neither an argument nor the environment nor a file.
import type { Share, Tls } from '../driver.ts'
import type { FleetFacts } from '../facts.ts'

export type Request = { do: 'prepare'; order: Order } | { do: 'begin' }

export interface Order {
  planFile: string
  /** Those that the plan names: where each is found. */
  personas: { id: string; path: string; exportName: string }[]
  /** Gets the lines. */
  linesFile: string
  share: Share
  facts: FleetFacts
  /** By the agents' index. */
  tls: Tls[]
  /** That this process keeps to, all its agents together. */
  ratePerSecond?: number
}

export type Reply = { said: 'ready' } | { said: 'problem'; text: string }
