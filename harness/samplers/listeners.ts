// Sockets that listen, from the text of /proc/net/tcp and /proc/net/tcp6. The kernel lists them before all connections, of which there may
// be thousands: what follows them is not read. Addresses are words in the byte order of the machine; read as little-endian, which all are
// that Node runs on but one.
import { closeSync, openSync, readSync } from 'node:fs'

const FILES = ['/proc/net/tcp', '/proc/net/tcp6']
const PIECE_BYTES = 32_768
/** State of a socket that listens. */
const LISTENS = '0A'
/** An address of tcp in tcp6, as Java listens. */
const MAPPED = `${'0'.repeat(20)}FFFF`
const CONNECTION = /^ *\d+: \S+ \S+ (?!0A)[0-9A-F]{2} /m

export interface Listener {
  /** `127.0.0.1`, also where tcp6 has it; else in eight parts: `0:0:0:0:0:0:0:1`. */
  address: string
  port: number
  /** Connections that are there and were not accepted yet. */
  waiting: number
}

export function listenersIn(text: string): Listener[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state, queues = ''] = line.trim().split(/\s+/)
    if (state !== LISTENS) return []
    const [address = '', port = ''] = local.split(':')
    const [, received = ''] = queues.split(':')
    return [{ address: addressOf(address), port: Number.parseInt(port, 16), waiting: Number.parseInt(received, 16) }]
  })
}

function addressOf(hex: string): string {
  const numbers = (digits: string, each: RegExp) => (digits.match(each) ?? []).map((one) => Number.parseInt(one, 16))
  const bytes = (hex.match(/.{8}/g) ?? []).map((word) => (word.match(/../g) ?? []).reverse().join('')).join('')
  if (hex.length === 8 || bytes.startsWith(MAPPED)) return numbers(bytes.slice(-8), /../g).join('.')
  return numbers(bytes, /.{4}/g)
    .map((part) => part.toString(16))
    .join(':')
}

/** Of this machine, now; of a family that it does not have there are none. */
export function listenersNow(): Listener[] {
  return FILES.flatMap((file) => listenersIn(beginningOf(file)))
}

function beginningOf(file: string): string {
  let opened: number | undefined
  try {
    opened = openSync(file, 'r')
    const piece = Buffer.alloc(PIECE_BYTES)
    let text = ''
    for (;;) {
      const length = readSync(opened, piece)
      text += piece.toString('latin1', 0, length)
      if (length === 0 || CONNECTION.test(text)) return text
    }
  } catch {
    return ''
  } finally {
    if (opened !== undefined) closeSync(opened)
  }
}
