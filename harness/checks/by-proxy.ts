// Whoever stands before the server (a balancer, a gateway) says in its own words that it could not reach it, or heard no end: 502 or 504, and
// no JSON-RPC. What the server says itself under the same codes has an error of its own in it. Pure.
// Not modelled: proxies that say it with 503, which a server that sheds or drains says too.
import type { Call } from '../history/event.ts'

export function isByProxy({ evidence: { status, rpcCode, transport } }: Call): boolean {
  return transport === undefined && (status === 502 || status === 504) && rpcCode === undefined
}
