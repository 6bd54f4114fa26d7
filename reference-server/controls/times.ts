// All bounds on time in one part: a call's deadline, the wait for a connection, connecting, and what Postgres itself enforces on a
// session. They belong together: one of them missing and a hung database holds callers for as long as it likes.
// The session's statement_timeout lies a little past the longest deadline: the deadline cancels first, this is for when it cannot.
import type { Settings } from '../config.ts'
import type { Tool } from '../tools/tool.ts'

export interface Times {
  /** Infinity: unbounded. */
  deadlineMs(tool: Tool | undefined): number
  /** What Postgres is told of a statement, given the time that its call has left, ms; 0: nothing. */
  statementMs(leftMs: number): number
  acquireTimeoutMs: number
  /** How long a cancelled query may take to end before its connection is cut. */
  settleMs: number
  /**
   * How often a backend looks whether this process still lives, ms; 0: never. It does not by itself: what a killed server was waiting for
   * would hold its row locks until the query ends, and replays of the write would be told that it is in progress.
   */
  orphanMs: number
  /** pg's options of a connection; none of them: unbounded. */
  session: {
    connectionTimeoutMillis?: number
    /** Ends the caller's wait and the connection, not the query. */
    query_timeout?: number
    statement_timeout?: number
    lock_timeout?: number
    idle_in_transaction_session_timeout?: number
  }
}

const SETTLE_MS = 1_500
const ORPHAN_MS = 500

export function boundedTimes(settings: Settings): Times {
  const { DEADLINE_LONGEST_MS: longestMs } = settings
  return {
    deadlineMs: (tool) => Math.min(tool?.deadlineMs ?? longestMs, longestMs),
    statementMs: (leftMs) => leftMs,
    acquireTimeoutMs: settings.ACQUIRE_TIMEOUT_MS,
    settleMs: SETTLE_MS,
    orphanMs: ORPHAN_MS,
    session: {
      connectionTimeoutMillis: settings.CONNECT_TIMEOUT_MS,
      statement_timeout: longestMs + SETTLE_MS,
      lock_timeout: settings.LOCK_TIMEOUT_MS,
      idle_in_transaction_session_timeout: longestMs + SETTLE_MS,
    },
  }
}
