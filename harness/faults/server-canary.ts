// Does one instance of the server answer? Asked at its own metrics address where there are several, else through the agents' link.
import { connect } from 'node:net'
import { hostAndPort, measured } from '../environment/canary.ts'
import { httpCanary } from '../environment/http-canary.ts'
import type { Canary, Environment } from '../environment/service.ts'
import { neededLink } from './needed.ts'

const LOOK_MS = 700

export async function askInstance(environment: Environment, instance: number, signal?: AbortSignal): Promise<Canary> {
  const url = environment.metricsUrls?.[String(instance)]
  if (url === undefined) return await httpCanary(neededLink(environment, 'server'), environment.url, signal, LOOK_MS)
  return await measured(signal, (stop) => firstByte(new URL(url), stop), LOOK_MS)
}

function firstByte({ host, port, pathname }: URL, stop: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const begunMs = performance.now()
    const socket = connect({ ...hostAndPort(port ? host : `${host}:80`), signal: stop })
    socket.once('connect', () => socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`))
    socket.once('data', () => {
      socket.destroy()
      resolve(performance.now() - begunMs)
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}
