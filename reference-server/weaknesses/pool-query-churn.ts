// A statement that fails costs its connection: the pool destroys it, and the next call opens another.
import type { Connection, Connections } from '../store/postgres.ts'
import { openedBy, weakness } from './weakness.ts'

export default weakness({
  story: 'One agent that guessed column names made the pool reconnect with every mistake; the others waited for log-ins.',
  source: 'crystaldba#98; node-postgres, pool.query destroys its client on any error',
  caughtBy: { scenario: 'bad-sql', check: 'connections-stable' },
  apply: (parts) => ({
    ...parts,
    connections: (options) => (options.name === 'admin' ? parts.connections(options) : churning(parts.connections(options))),
  }),
})

function churning(inner: Connections): Connections {
  return openedBy(inner, async () => dyingOfErrors(await inner.open()))
}

function dyingOfErrors(connection: Connection): Connection {
  let failed = false
  const client = new Proxy(connection.client, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value
      return (...args: unknown[]) =>
        (value as (...given: unknown[]) => Promise<unknown>).apply(target, args).catch((error: unknown) => {
          failed = true
          throw error
        })
    },
  })
  return { ...connection, client, release: (broken) => connection.release(broken || failed) }
}
