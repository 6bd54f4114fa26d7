// Bounds on connections, before there is any request: CONNECTIONS_MAX in all, ADDRESS_CONNECTIONS_MAX of one address. At either
// bound the newcomer gets the place of a connection that is of no use: first one that has not sent a whole request for a second or
// more (slow-loris: headers or body by drips), then the one that has been idle longest. Only when all are at work the newcomer is
// cut. So those who hold connections without using them starve nobody.
// Beside it Node's own timers (headers 5 s, request 15 s), looked at every half second: by default Node looks every 30 s, which
// gives a slow-loris half a minute more than was meant. They begin with the first byte. Go's HTTP client, and proxies, open
// connections ahead; Node would count from there and write a 408, which becomes the answer of the request that crosses it.
// And a connection on which nothing has moved for as long as an idle one is kept, which is longer than any call may take, is cut:
// Node by itself keeps an answer that its caller does not read for ever.
// IPv6 addresses count by their /64: whoever has one has all of it.
// Source: CVE-2007-6750 and its kin (slow-loris); Node documentation, `connectionsCheckingInterval`; golang/go#32310 (the 408).
// Does not model: bytes a second of a slow body (the request's timer bounds it), addresses told by a proxy in headers.
import { type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

export interface SocketBounds {
  max: number
  perAddressMax: number
  clock: () => number
  /** Nothing has moved for so long. */
  stalledMs?: number
  /** A connection was cut to stay within the bounds. */
  cut: (why: 'unheard' | 'idle' | 'newcomer') => void
}

export interface Sockets {
  /** A whole request has come over this connection: it is at work until it is answered. */
  atWork(socket: Socket): void
  idle(socket: Socket): void
}

export const TIMERS = { keepAliveTimeout: 75_000, headersTimeout: 5_000, requestTimeout: 15_000, connectionsCheckingInterval: 500 }

const SLOW_MS = 1_000
/** What Node says to a broken request as long as nobody listens for those; to all others 400. */
const PARTINGS: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
}

interface Held {
  socket: Socket
  address: string
  sinceMs: number
}

export function boundSockets(
  server: Server,
  { max, perAddressMax, clock, stalledMs = TIMERS.keepAliveTimeout, cut }: SocketBounds,
): Sockets {
  server.setTimeout(stalledMs)
  const perAddress = new Map<string, number>()
  // By the caller's end, which TLS and the socket under it share; oldest first.
  const unheard = new Map<string, Held>()
  const idle = new Map<string, Held>()
  const all = new Map<string, Held>()

  const makeRoom = (wanted: (held: Held) => boolean): boolean => {
    for (const [why, line] of [['unheard', unheard] as const, ['idle', idle] as const]) {
      for (const [end, held] of line) {
        if (!wanted(held)) continue
        if (why === 'unheard' && clock() - held.sinceMs < SLOW_MS) break
        forget(end)
        held.socket.destroy()
        cut(why)
        return true
      }
    }
    return false
  }
  const forget = (end: string): void => {
    const held = all.get(end)
    if (!held) return
    const left = (perAddress.get(held.address) ?? 1) - 1
    if (left === 0) perAddress.delete(held.address)
    else perAddress.set(held.address, left)
    for (const line of [all, unheard, idle]) line.delete(end)
  }
  const fits = (address: string): boolean => {
    if ((perAddress.get(address) ?? 0) >= perAddressMax && !makeRoom((held) => held.address === address)) return false
    return all.size < max || makeRoom(() => true)
  }

  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket)
    if (!fits(address)) {
      socket.destroy()
      cut('newcomer')
      return
    }
    const end = endOf(socket)
    const held = { socket, address, sinceMs: clock() }
    all.set(end, held)
    unheard.set(end, held)
    perAddress.set(address, (perAddress.get(address) ?? 0) + 1)
    socket.once('close', () => {
      if (all.get(end) === held) forget(end)
    })
  })
  answerBroken(server, (socket) => unheard.has(endOf(socket)) || idle.has(endOf(socket)))
  return {
    atWork(socket) {
      const end = endOf(socket)
      unheard.delete(end)
      idle.delete(end)
    },
    idle(socket) {
      const end = endOf(socket)
      const held = all.get(end)
      unheard.delete(end)
      idle.delete(end)
      if (held) idle.set(end, held)
    },
  }
}

/** As Node by itself, but for connections that were never used, and those whose caller waits for another answer. */
function answerBroken(server: Server, isFree: (socket: Socket) => boolean): void {
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: Socket) => {
    // Node looks at it again from its first byte on.
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) return
    const status = PARTINGS[code] ?? 400
    if (socket.writable && isFree(socket)) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`)
    socket.destroy()
  })
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/** Whom a connection is counted to: an IPv4 address, or the /64 of an IPv6 one. */
export function addressOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1]
  if (mapped !== undefined) return mapped
  if (!remoteAddress.includes(':')) return remoteAddress
  const [head = '', tail] = remoteAddress.split('%')[0]?.split('::') ?? []
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  const whole = tail === undefined ? groups : [...groups, ...Array<string>(8 - groups.length - behind.length).fill('0'), ...behind]
  return `${whole.slice(0, 4).join(':')}::/64`
}
