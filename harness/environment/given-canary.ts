// Canaries for a Postgres or a Redis that is not ours, and of which we know no password: the first exchange of each protocol needs
// none. Postgres answers an SSLRequest with one byte (S or N) before anybody logs in; Redis answers a PING, be it with NOAUTH.
// What they do not see: whether one may log in, and whether statements are answered.
import { connect } from 'node:net'
import { hostAndPort, measured } from './canary.ts'
import type { Canary, Link } from './service.ts'

/** PostgreSQL documentation, "Message Formats", SSLRequest: length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f])
const FIRST_WORDS: Record<string, Buffer> = { postgres: SSL_REQUEST, redis: Buffer.from('PING\r\n') }

export type DependencyCanary = (link: Link, signal?: AbortSignal, limitMs?: number) => Promise<Canary>

/** Undefined for what is neither. */
export function givenCanary(name: string): DependencyCanary | undefined {
  const words = FIRST_WORDS[name]
  return words && ((link, signal, limitMs) => measured(signal, (stop) => exchange(link.canaryAddress, words, stop), limitMs))
}

function exchange(address: string, words: Buffer, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...hostAndPort(address), noDelay: true, signal })
    let begunMs = 0
    socket.once('connect', () => {
      begunMs = performance.now()
      socket.write(words)
    })
    socket.once('data', () => {
      const roundTripMs = performance.now() - begunMs
      socket.destroy()
      resolve(roundTripMs)
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}
