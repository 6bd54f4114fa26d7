// One `select 1` over a fresh connection, as the app's own driver would make it.
import { Socket } from 'node:net'
import pg from 'pg'
import { hostAndPort, measured } from './canary.ts'
import type { Canary } from './service.ts'

/** @param address `host:port`; at most 5 s */
export async function postgresCanary(address: string, signal?: AbortSignal): Promise<Canary> {
  return await measured(signal, async (stop) => {
    const socket = new Socket()
    const place = { ...hostAndPort(address), user: 'postgres', database: 'postgres', ssl: false, application_name: 'stampede-canary' }
    const client = new pg.Client({ ...place, stream: () => socket })
    client.on('error', () => {})
    const abort = () => socket.destroy(new Error('the canary was stopped'))
    stop.addEventListener('abort', abort, { once: true })
    try {
      stop.throwIfAborted()
      await client.connect()
      const begunMs = performance.now()
      await client.query('select 1')
      return performance.now() - begunMs
    } finally {
      stop.removeEventListener('abort', abort)
      // Says goodbye, unawaited: a slow link must not hold the finding up.
      client.end().catch(() => {})
      socket.unref()
    }
  })
}
