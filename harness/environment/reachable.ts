// Whether anybody listens where a dependency is said to be. Nothing is sent: what speaks TLS, or wants a password, is there too.
import { connect } from 'node:net'
import { HarnessError } from '../errors.ts'
import { hostAndPort, measured } from './canary.ts'

/**
 * @param address `host:port`
 * @param hint what else to do than to start it
 * @throws HarnessError `DEPENDENCY_DOWN`
 */
export async function assertReachable(name: string, address: string, hint: string, signal?: AbortSignal): Promise<void> {
  const { error } = await measured(signal, (stop) => connected(address, stop))
  signal?.throwIfAborted()
  if (error !== undefined)
    throw new HarnessError('DEPENDENCY_DOWN', `nobody answers at ${address}, where ${name} should be (${error})`, `start it, or ${hint}`)
}

function connected(address: string, signal: AbortSignal): Promise<number> {
  const begunMs = performance.now()
  return new Promise((resolve, reject) => {
    const socket = connect({ ...hostAndPort(address), signal })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve(performance.now() - begunMs)
    })
  })
}
