// The two connections that are never lent to a call: they cancel queries, read agents' keys and answer health. When every
// pool is stuck, these still work; so they carry nothing slow, and each use is bounded.
import type { Times } from '../controls/times.ts'
import type { Connections } from './postgres.ts'
import type { Row, Statement } from './session.ts'

export interface Admin {
  /** Stops what a backend is doing. Never rejects; ends within the settle time. */
  cancel(backend: number): Promise<void>
  /** @throws the error of Postgres, or a timeout */
  query(statement: Statement, withinMs: number): Promise<Row[]>
  close(withinMs: number): Promise<void>
}

/** Callers that may wait for the two connections; more are refused at once. */
const WAITING_MAX = 200

const CANCEL = 'select pg_cancel_backend(backend) from unnest($1::int[]) as backend'

export function createAdmin(connections: Connections, times: Times): Admin {
  let inside = 0
  const query = async ({ text, values }: Statement, withinMs: number): Promise<Row[]> => {
    if (inside >= WAITING_MAX) throw new Error('too many administration queries')
    inside += 1
    const late = Promise.withResolvers<never>()
    late.promise.catch(() => undefined)
    const timer = setTimeout(() => late.reject(new Error(`no answer within ${withinMs} ms`)), withinMs)
    const working = run(connections, { text, values }, late.promise)
    try {
      return await Promise.race([working, late.promise])
    } finally {
      clearTimeout(timer)
      inside -= 1
    }
  }
  // Deadlines come in bursts: what arrives while a cancel is on its way goes with the next one.
  let pending: number[] = []
  let sending: Promise<void> | undefined
  const send = async (): Promise<void> => {
    const backends = pending
    pending = []
    await query({ text: CANCEL, values: [backends] }, times.settleMs).catch(() => undefined)
  }
  return {
    query,
    async cancel(backend) {
      pending.push(backend)
      await sending
      if (!pending.includes(backend)) return await sending
      sending = send()
      await sending
    },
    close: (withinMs) => connections.close(withinMs),
  }
}

async function run(connections: Connections, { text, values }: Statement, late: Promise<never>): Promise<Row[]> {
  const connection = await connections.open()
  let broken = true
  try {
    const answer = await Promise.race([connection.client.query({ text, values }), late])
    broken = false
    return answer.rows
  } finally {
    connection.release(broken)
  }
}
