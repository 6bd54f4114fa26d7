// An event stream that ended in good order and had no answer in it, as a server ends its streams when it is told to stop. In the eras of
// sessions one whose events had ids may be taken up again with a GET (MCP 2025-11-25, resumability): the undici driver does that, k6
// cannot, so with k6 nobody knows whether the answer would have come. Pure.
import type { Evidence } from './load-line.ts'
import type { Manifest } from './manifest.ts'

export function isCutStream({ status, contentType = '', parsed }: Evidence): boolean {
  return status === 200 && parsed === false && /^text\/event-stream\b/i.test(contentType)
}

/** @param message how the stream begins */
export function mayGoOn({ message = '' }: Evidence, { driver, protocol }: Pick<Manifest, 'driver' | 'protocol'>): boolean {
  return driver === 'k6' && protocol !== '2026-07-28' && /^id: *\S/m.test(message)
}
