// A TCP port on loopback that nothing listens on right now. Chosen below the ranges from which Linux (32768–60999) and
// macOS (49152–65535) take the ports of outgoing connections, so that between choosing and listening no client socket
// of a load generator can take it. Another program still can, within milliseconds: whoever listens must say so clearly.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { HarnessError } from '../errors.ts'

const FROM = 20_000
const TO = 32_000
const TRIES = 100
const given = new Set<number>()

/**
 * A free port on 127.0.0.1, never the same one twice in this process.
 * @param wanted this very port
 * @throws HarnessError `NO_FREE_PORT` after 100 tries; `PORT_IN_USE` when the wanted one is not free
 */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted
    throw new HarnessError(
      'PORT_IN_USE',
      `port ${wanted} is in use`,
      `stop what listens there (ss -ltnp 'sport = :${wanted}'), or choose another`,
    )
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FROM, TO)
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
  throw new HarnessError(
    'NO_FREE_PORT',
    `no free port found from ${FROM} to ${TO}`,
    'stop what listens there: ss -ltnp (Linux), lsof -iTCP (macOS)',
  )
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
