// A GET of the harness's own through the link between agents and server. Any HTTP answer will do (an MCP endpoint may say
// 405): what counts is whether it comes whole.
import { get } from 'node:http'
import { CANARY_LIMIT_MS, hostAndPort, measured } from './canary.ts'
import type { Canary, Link } from './service.ts'

export interface Answered extends Canary {
  /** Of an answer that came whole. */
  status?: number
  /** The connection was reset instead. */
  cut: boolean
}

const CUT = ['ECONNRESET', 'EPIPE', 'CLOSED', 'HPE_INVALID_EOF_STATE']

/** @param url the address that agents call: its path and host are used; at most `limitMs` */
export async function httpCanary(link: Link, url: string, signal?: AbortSignal, limitMs = CANARY_LIMIT_MS): Promise<Answered> {
  let status: number | undefined
  const attempt = async (stop: AbortSignal) => {
    const begunMs = performance.now()
    status = await statusOf(link, new URL(url), stop)
    return performance.now() - begunMs
  }
  const canary = await measured(signal, attempt, limitMs)
  return { ...canary, ...(status !== undefined && { status }), cut: canary.error !== undefined && CUT.includes(canary.error) }
}

function statusOf(link: Link, url: URL, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const path = `${url.pathname}${url.search}`
    // Not as an event stream: that might never end.
    const headers = { host: url.host, accept: 'application/json', connection: 'close', 'x-stampede-canary': '1' }
    const request = get({ ...hostAndPort(link.canaryAddress), path, headers, agent: false, signal })
    request.on('error', reject)
    request.on('response', (response) => {
      response.on('error', reject)
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('close', () => reject(new Error('closed')))
      response.resume()
    })
  })
}
