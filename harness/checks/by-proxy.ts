// Whoever stands before the server (a balancer, a gateway) says in its own words that it could not reach it, or heard no end: 502 or 504
// (Cloudflare: 520 to 524), and no JSON-RPC. What the server says itself under the same codes has an error of its own in it. A 503 is a
// server's own too, which sheds or drains: there the words decide, those of Envoy, HAProxy, Traefik, Apache and Kong. Pure.
// Not modelled: a proxy whose 503 has words of somebody's own, or the same words as for its own limits (nginx, AWS).
import type { Call } from '../history/event.ts'

export function isByProxy({ evidence: { status, rpcCode, transport, message = '' } }: Call): boolean {
  if (transport !== undefined || rpcCode !== undefined) return false
  return status === 502 || status === 504 || (status >= 520 && status <= 524) || (status === 503 && UNREACHED.test(message))
}

const UNREACHED = new RegExp(
  [
    '^upstream connect error or disconnect/reset before headers|^no healthy upstream|^no available server',
    'No server is available to handle this request',
    'temporarily unable to service your\\s+request due to maintenance downtime or capacity\\s+problems',
    'failure to get a peer from the ring-balancer',
  ].join('|'),
)
