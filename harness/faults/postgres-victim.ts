// A session of the harness's own, opened through the link before a fault that ends sessions: it tells whether they end.
import type { Link } from '../environment/service.ts'
import type { Proof } from './fault.ts'
import { PostgresSession } from './postgres-session.ts'

const PATIENCE_MS = 1_000
const LOOK_EVERY_MS = 10

export interface Victim extends AsyncDisposable {
  pid: number
  /** Seen once the session has ended in one of these ways; waits for at most a second. */
  sawItsEnd(words: readonly string[]): Promise<Proof>
}

export async function openVictim(link: Link, signal: AbortSignal): Promise<Victim> {
  const session = await PostgresSession.open(link.canaryAddress, { signal })
  const [row] = await session.ask('select pg_backend_pid() as pid')
  return {
    pid: Number(row?.pid),
    async sawItsEnd(words) {
      const untilMs = performance.now() + PATIENCE_MS
      while (session.ended === undefined && performance.now() < untilMs && !signal.aborted)
        await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      const { ended } = session
      return {
        seen: ended !== undefined && words.includes(ended),
        detail: `a session of the canary's ${ended ? `ended: ${ended}` : 'lives'}`,
      }
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  }
}
