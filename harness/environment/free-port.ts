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
 * @param instead what to type when it is not free
 * @throws HarnessError `NO_FREE_PORT` after 100 tries; as `portRefused` when the wanted one is not free
 */
export async function freePort(
  wanted?: number,
  instead = `stop what listens there (ss -ltnp 'sport = :${wanted}'), or choose another`,
): Promise<number> {
  if (wanted !== undefined) {
    const problem = await problemAt(wanted)
    if (problem) throw portRefused(wanted, problem, instead)
    return wanted
  }
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(FROM, TO)
    if (!given.has(port) && !(await problemAt(port))) {
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

/** `PORT_IN_USE`, or `PORT_NOT_ALLOWED`, as the system keeps those below 1024 for some. @param instead what to type */
export function portRefused(port: number, error: NodeJS.ErrnoException, instead: string): HarnessError {
  return error.code === 'EADDRINUSE'
    ? new HarnessError('PORT_IN_USE', `port ${port} is in use`, instead, error)
    : new HarnessError('PORT_NOT_ALLOWED', `nobody may listen at port ${port} here (${error.code})`, instead, error)
}

/** Undefined: one can listen there. */
function problemAt(port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', resolve)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
