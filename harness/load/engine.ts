// The four things that a timeline needs of whatever engine sends its calls, and what it must know of the run.
import type { StreamCounts } from '../history/load-line.ts'
import type { Credential, Plan } from '../plan/plan.ts'
import type { RawAnswer } from './evidence.ts'
import type { WireRequest } from './request.ts'

export interface Engine {
  /** Wall-clock ms. */
  nowMs(): number
  /** At once when there is nothing to wait for. */
  wait(ms: number): Promise<void>
  /**
   * What went wrong is in the answer.
   * @param keepMs so long the request is left alone after the caller has given up; as short as the timeout, its stream is closed then
   * @param read makes of the answer, at once, what this resolves to: one promise less, which inside k6 costs more than a line
   */
  post<T>(request: WireRequest, timeoutMs: number, keepMs: number, read: (raw: RawAnswer) => T): Promise<T>
  /** @param line one line of JSON, without its end */
  write(line: string): void
  /** Absent where the engine can neither hold a stream open nor answer what comes on one. */
  readonly streams?: Streams
}

/** The server's own stream and what it asks, on that or on a call's. */
export interface Streams {
  readonly seen: Readonly<StreamCounts>
  /** Opens the server's own stream and keeps it open. @returns closes it; twice is harmless */
  listen(headers: Record<string, string>): () => void
}

/** Headers by what is wrong with them: the next one of the list with each call. */
export type Credentials = Partial<Record<Credential, Record<string, string>[]>>

/** What takes the place of an agent's headers from a moment on, ms since the run's start. */
export interface LaterHeaders {
  fromMs: number
  headers: Record<string, string>
}

export interface RunFacts {
  run: string
  seed: number
  /** Wall-clock ms of the run's start. */
  t0Ms: number
  protocol: Plan['protocol']
  roles: Plan['roles']
  endsAtMs: number
  patienceMs: number
  /** The agent's own: its token, and `Host` where it must differ from the address. */
  headers: Record<string, string>
  /** In the order of their moments. */
  later?: readonly LaterHeaders[]
  /** Calls a second that the agent keeps to: they wait for their turn. */
  perSecond?: number
  /** Those that replace the agent's own, by what is wrong with them. */
  credentials?: Credentials
  instanceHeader?: string
}
