// Which Redis answers at an address: its run id, drawn anew at each start. Faults touch only the one that they know.
import { connect } from 'node:net'
import { hostAndPort } from './canary.ts'

const LIMIT_MS = 5_000
/** Its first section is about 1 kB: whoever says more is no Redis. */
const ANSWER_MAX = 16_384

/** Undefined when none answers within the limit (5 s), or not with its run id. */
export function runIdOf(address: string, limitMs = LIMIT_MS): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...hostAndPort(address), noDelay: true, signal: AbortSignal.timeout(limitMs) })
    let told = ''
    const settle = () => {
      socket.destroy()
      resolve(/^run_id:(\w+)/m.exec(told)?.[1])
    }
    socket.once('connect', () => socket.write('INFO server\r\n'))
    socket.on('data', (chunk) => {
      told += chunk
      if (/^run_id:\w+\r$/m.test(told) || told.startsWith('-') || told.length > ANSWER_MAX) settle()
    })
    for (const end of ['error', 'close']) socket.once(end, settle)
  })
}
