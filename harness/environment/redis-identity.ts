// Which Redis answers at an address: its run id, drawn anew at each start. Faults touch only the one that they know.
import { connect } from 'node:net'
import { hostAndPort } from './canary.ts'

const LIMIT_MS = 5_000

/** Undefined when none answers, or not with its run id. */
export function runIdOf(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ ...hostAndPort(address), noDelay: true, timeout: LIMIT_MS })
    let told = ''
    const settle = () => {
      socket.destroy()
      resolve(/^run_id:(\w+)/m.exec(told)?.[1])
    }
    socket.once('connect', () => socket.write('INFO server\r\n'))
    socket.on('data', (chunk) => {
      told += chunk
      if (/^run_id:\w+\r$/m.test(told) || told.startsWith('-')) settle()
    })
    for (const end of ['error', 'timeout', 'close']) socket.once(end, settle)
  })
}
