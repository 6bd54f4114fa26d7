// The admin port: probes and metrics, apart from the traffic, so that a flood of calls cannot make the server look dead.
// Liveness and readiness speak of this process alone: a server that is killed because its database is away comes back to the
// same database, colder. `/health` tells dependencies to people; it never answers other than 200.
import http from 'node:http'
import type { Running } from './running.ts'

export function createAdminServer(running: Running): http.Server {
  return http.createServer({ requestTimeout: 5_000 }, (request, response) => {
    answer(running, request.url?.split('?')[0] ?? '').then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    )
  })
}

interface Page {
  status: number
  type: string
  body: string
}

async function answer(running: Running, path: string): Promise<Page> {
  const { alive, metrics, leaving, draining, breakers, settings, inFlight } = running
  if (path === '/livez') return (await alive(running)) ? text(200, 'alive') : text(503, 'not alive')
  if (path === '/readyz') return leaving || draining ? text(503, 'draining') : text(200, 'ready')
  if (path === '/metrics') return { status: 200, type: metrics.registry.contentType, body: await metrics.registry.metrics() }
  // The rules of this version's metrics: whoever scrapes them need not look for the file that fits.
  if (path === '/alerts.yml') return { status: 200, type: 'application/yaml', body: running.alertRules }
  if (path === '/health') {
    const dependencies = { postgres: breakers.postgres.state, redis: breakers.redis.state }
    const health = { instance: settings.INSTANCE, draining, inFlight, dependencies }
    return { status: 200, type: 'application/json', body: JSON.stringify(health) }
  }
  return text(404, 'there are /livez, /readyz, /health, /metrics and /alerts.yml')
}

function text(status: number, body: string): Page {
  return { status, type: 'text/plain', body: `${body}\n` }
}
