// The wait for an answer is bounded in the client library, the statement is not: when the wait is over the connection is thrown away, and the
// query runs on.
import type { Connection, Connections } from '../store/postgres.ts'
import { weakness } from './weakness.ts'

const PATIENCE_MS = 800

export default weakness({
  story:
    'Clients gave up after their timeout and asked again; the database went on with all that had been given up, from 3.5 to 217 active.',
  source: 'MLPA#177; node-postgres, query_timeout leaves the query running',
  caughtBy: { scenario: 'slow-postgres', check: 'cancel-propagates' },
  apply: (parts) => ({
    ...parts,
    connections: (options) =>
      options.name === 'admin'
        ? parts.connections(options)
        : impatient(parts.connections({ ...options, times: { ...options.times, session: {} } })),
  }),
})

function impatient(inner: Connections): Connections {
  return {
    get used() {
      return inner.used
    },
    get idle() {
      return inner.idle
    },
    open: async () => givingUp(await inner.open()),
    close: (withinMs) => inner.close(withinMs),
  }
}

function givingUp(connection: Connection): Connection {
  const client = new Proxy(connection.client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
      return (asked: string | { text: string }) => {
        const untimed = (text: string): string => text.replace(/; set local statement_timeout = \d+/, '')
        const query = typeof asked === 'string' ? untimed(asked) : { ...asked, text: untimed(asked.text) }
        return withPatience((value as (given: unknown) => Promise<unknown>).call(target, query))
      }
    },
  })
  return { ...connection, client }
}

async function withPatience(answer: Promise<unknown>): Promise<unknown> {
  answer.catch(() => undefined)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('Query read timeout')), PATIENCE_MS)
  return await Promise.race([answer, late.promise]).finally(() => clearTimeout(timer))
}
