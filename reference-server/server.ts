// The controls in order, then the protocol, then the tool. The order is the design: each step may refuse, and the cheaper and
// surer a refusal, the earlier it stands. Before `protocol` nothing of the MCP SDK runs but the checks that headers.ts borrows.
import type http from 'node:http'
import { admission } from './controls/admission.ts'
import { checkedArguments } from './controls/arguments.ts'
import { authenticate } from './controls/authenticate.ts'
import { breaker } from './controls/breaker.ts'
import { bulkhead } from './controls/bulkhead.ts'
import type { Control, Next } from './controls/control.ts'
import { deadline } from './controls/deadline.ts'
import { draining } from './controls/draining.ts'
import { headers } from './controls/headers.ts'
import { keyRequired } from './controls/key-required.ts'
import { overload } from './controls/overload.ts'
import { policy } from './controls/policy.ts'
import { scopes } from './controls/scopes.ts'
import { createHttpServer } from './http.ts'
import type { Parts } from './parts.ts'
import { createProtocol } from './protocol.ts'
import { open, type Running } from './running.ts'

const CONTROLS: readonly Control[] = [
  draining, // a balancer should look elsewhere, whoever asks
  deadline, // from here on every wait counts
  authenticate, // or another way to know who calls: parts.ts
  headers,
  scopes,
  overload, // cheaper than the limiter, and it must hold when Redis is slow
  admission, // one round trip to Redis
  checkedArguments,
  keyRequired,
  breaker,
  bulkhead, // from here on the call holds a connection
  policy, // its reviews are in Postgres
]

export interface DeskServer {
  http: http.Server
  running: Running
  /** Refuses new calls, lets those inside finish within `graceMs`, closes everything. Never takes much longer. */
  stop(graceMs: number): Promise<void>
}

export function createDesk(parts: Parts): DeskServer {
  const running = open(parts)
  const protocol = createProtocol(running)
  const controls = parts.arrange(CONTROLS).map((control) => (control === authenticate ? running.authenticate : control))
  const pipeline = controls.reduceRight<Next>((next, control) => control.wrap(next, running), protocol.answer)
  const server = createHttpServer(running, pipeline)
  return {
    http: server,
    running,
    async stop(graceMs) {
      running.draining = true
      await finished(running, graceMs)
      await closed(server)
      await protocol.close()
      await running.close(CLOSE_MS)
    },
  }
}

const CLOSE_MS = 1_000
const FLUSH_MS = 500
const LOOK_AGAIN_MS = 20

/** Answers that have been handed to the socket get the time to leave it. */
async function closed(server: http.Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, FLUSH_MS)
  server.close(() => resolve())
  server.closeIdleConnections()
  await promise
  clearTimeout(timer)
  server.closeAllConnections()
}

/** Until no request is open and no work goes on behind one, or the grace is over. */
async function finished(running: Running, graceMs: number): Promise<void> {
  const untilMs = running.clock() + graceMs
  while ((running.inFlight > 0 || running.behind.size > 0) && running.clock() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS))
  }
}
