// What the harness and the proxy's process say to each other over the channel between parent and child. Types only.
import type { Toxics } from '../../environment/service.ts'

export interface LinkSpec {
  name: string
  /** `host:port` of what is behind the link. */
  to: string
  /** Delay in every phase, ms each way. */
  delayMs: number
  /** Where it listens; without it anywhere. */
  port?: number
}

export interface LinkAddresses {
  address: string
  canaryAddress: string
}

export type Order =
  | { do: 'open'; links: LinkSpec[]; attemptsFile: string }
  | { [K in keyof Toxics]: { do: 'add'; link: string; toxic: K; parameters: Toxics[K] } }[keyof Toxics]
  | { do: 'change'; link: string; toxicId: number; parameters: Toxics[keyof Toxics] }
  | { do: 'remove'; link: string; toxicId: number }
  | { do: 'close' }

/** What each order is answered with. */
export interface Results {
  open: { links: Record<string, LinkAddresses>; adminUrl: string }
  /** The toxic's number at its link. */
  add: number
  change: undefined
  remove: undefined
  close: undefined
}

export type Request = Order & { id: number }
export type Reply = { id: number; result: Results[Order['do']] } | { id: number; problem: string }
/** Said unasked: something went wrong, or was done by hand, that nobody waits for. */
export interface Notice {
  problem: string
}
