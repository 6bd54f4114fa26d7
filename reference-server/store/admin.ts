// The two connections that are never lent to a call: they cancel queries and read agents' keys. When every pool is stuck,
// these still work; so they carry nothing slow, and each use is bounded.
import { untilAborted } from '../call.ts'
import type { Times } from '../controls/times.ts'
import type { Connections } from './postgres.ts'
import type { Row, Statement } from './session.ts'

export interface Admin {
  /**
   * Stops what a backend is doing. Never rejects; ends within twice the settle time. False: nobody can say whether the cancel
   * is still to come, so the backend's connection must not be lent again.
   */
  cancel(backend: number): Promise<boolean>
  /** @throws the error of Postgres, or a timeout */
  query(statement: Statement, withinMs: number): Promise<Row[]>
  close(withinMs: number): Promise<void>
}

/** Callers that may wait for the two connections; more are refused at once. */
const WAITING_MAX = 200

const CANCEL = 'select pg_cancel_backend(backend) from unnest($1::int[]) as backend'

export type OpenAdmin = (connections: Connections, times: Times) => Admin

export const createAdmin: OpenAdmin = (connections, times) => {
  let inside = 0
  const query = async ({ text, values }: Statement, withinMs: number): Promise<Row[]> => {
    if (inside >= WAITING_MAX) throw new Error('too many administration queries')
    inside += 1
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(new Error(`no answer within ${withinMs} ms`)), withinMs)
    const { aborted, forget } = untilAborted(late.signal)
    try {
      return await Promise.race([run(connections, { text, values }, late.signal), aborted])
    } finally {
      clearTimeout(timer)
      forget()
      inside -= 1
    }
  }
  // Deadlines come in bursts: what arrives while a cancel is on its way goes with the next one.
  let pending: number[] = []
  let sending = Promise.resolve(true)
  const send = (): Promise<boolean> => {
    const backends = pending
    pending = []
    return query({ text: CANCEL, values: [backends] }, times.settleMs).then(
      () => true,
      () => false,
    )
  }
  return {
    query,
    async cancel(backend) {
      pending.push(backend)
      await sending
      if (!pending.includes(backend)) return await sending
      sending = send()
      return await sending
    },
    close: (withinMs) => connections.close(withinMs),
  }
}

async function run(connections: Connections, { text, values }: Statement, late: AbortSignal): Promise<Row[]> {
  const connection = await connections.open()
  let broken = false
  try {
    // What comes too late is not sent at all: a cancel would hit whoever has the backend by then.
    late.throwIfAborted()
    broken = true
    const answer = await Promise.race([connection.client.query({ text, values }), untilAborted(late).aborted])
    broken = false
    return answer.rows
  } finally {
    connection.release(broken)
  }
}
