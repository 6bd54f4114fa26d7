// Packets to a dependency vanish: a security group, a wrong route, a host that is gone. Nothing is refused, so whoever tries to
// connect waits for as long as its kernel does (Linux: two minutes), unless it has a timeout of its own.
// Parameters: dependency (postgres; or redis, upstream, server).
// What it does not model: live connections that go silent too (postgres-backend-frozen, redis-frozen).
import { connect } from 'node:net'
import { hostAndPort, measured } from '../environment/canary.ts'
import type { Canary, Link } from '../environment/service.ts'
import { dependency } from './dependency-canary.ts'
import { fault } from './fault.ts'
import { neededLink } from './needed.ts'
import { byWord } from './proof.ts'

const LOOK_MS = 500

export const connectBlackHole = fault({
  summary: 'Attempts to connect to one dependency are never answered; live connections stay.',
  source: 'tcp(7), tcp_syn_retries; AWS, "Timeouts, retries and backoff with jitter"',
  dependency: 'postgres',
  needs: ['link'],
  faithful:
    "The server's kernel repeats its SYN after 1, 3, 7, … s and hears nothing, as behind a firewall that drops. For about a millisecond at the beginning and at the end an attempt may be refused instead. After the end an attempt that waits connects with its next SYN.",
  parameters: { dependency },
  async inject(environment, parameters, signal) {
    const link = neededLink(environment, parameters.dependency)
    const toxic = await link.add('blackHole', {}, signal)
    return { ...byWord(['TIMEOUT'], signal, (stop) => reach(link, stop)), [Symbol.asyncDispose]: () => toxic.remove() }
  },
})

/** Only the way there: nothing is said once it is open. */
async function reach(link: Link, signal?: AbortSignal): Promise<Canary> {
  return await measured(
    signal,
    (stop) =>
      new Promise((resolve, reject) => {
        const begunMs = performance.now()
        const socket = connect({ ...hostAndPort(link.canaryAddress), signal: stop })
        socket.once('error', reject)
        socket.once('connect', () => {
          socket.destroy()
          resolve(performance.now() - begunMs)
        })
      }),
    LOOK_MS,
  )
}
