// Real services for the faults' contract: a Postgres with a ledger, a Redis, an upstream, an identity provider, two instances
// of a small server, and the proxy before them.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { freePort } from '../../environment/free-port.ts'
import { startIdentityProvider } from '../../environment/identity-provider.ts'
import { startPostgres } from '../../environment/postgres.ts'
import { startRedis } from '../../environment/redis.ts'
import type { ScratchKeeper } from '../../environment/scratch-keeper.ts'
import { startServer } from '../../environment/server-under-test.ts'
import type { Environment } from '../../environment/service.ts'
import { startUpstream } from '../../environment/upstream.ts'
import { startProxy } from '../proxy/client.ts'

const INSTANCE = `require('node:http').createServer((_, answer) => answer.end('well')).listen(process.env.PORT, '127.0.0.1')`

export async function startSurroundings(
  owned: AsyncDisposableStack,
  keeper: ScratchKeeper,
  redisProgram: string,
  signal: AbortSignal,
): Promise<Environment> {
  const shared = { keeper, signal }
  const postgres = owned.use(await startPostgres(shared))
  await postgres.query(await readFile(path.join(import.meta.dirname, 'ledger.sql'), 'utf8'))
  const redis = owned.use(await startRedis({ ...shared, program: redisProgram }))
  const upstream = owned.use(await startUpstream(shared))
  const identityProvider = owned.use(await startIdentityProvider({ ...shared, clients: [] }))
  const server = createServer((_request, response) => response.writeHead(405).end('only POST')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  owned.defer(() => void server.close())
  const to: Record<string, string> = {
    postgres: postgres.address,
    redis: redis.address,
    upstream: upstream.address,
    'identity-provider': identityProvider.address,
    server: `127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
  const links = Object.entries(to).map(([name, address]) => ({ name, to: address, delayMs: 0 }))
  const proxy = owned.use(await startProxy({ ...shared, links, attemptsFile: path.join(keeper.folder, 'links.ndjson') }))
  const metricsUrls: Record<string, string> = {}
  const servers: Environment['servers'] = []
  for (const instance of [1, 2]) {
    const url = `http://127.0.0.1:${await freePort()}/metrics`
    metricsUrls[instance] = url
    servers.push(owned.use(await startServer({ ...shared, ...commandOf(keeper, url), readyUrl: url, instance })))
  }
  const url = `http://${proxy.links.server?.address}/mcp`
  return { keeper, links: proxy.links, postgres, redis, upstream, identityProvider, servers, metricsUrls, url }
}

function commandOf(keeper: ScratchKeeper, url: string) {
  const { port } = new URL(url)
  return {
    command: `exec node -e "${INSTANCE}"`,
    cwd: keeper.folder,
    env: { PORT: port },
    logFile: path.join(keeper.folder, `server-${port}.log`),
  }
}
