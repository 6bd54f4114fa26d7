// What undici saw when there was no answer, in the history's words: the same words that k6's errors get for the same event.
// What was refused before anything was sent did not happen; of everything else nobody knows. Pure.
// Source: Node's errno names, OpenSSL's and undici's codes.
import type { Evidence } from '../../history/load-line.ts'

const BEFORE_SENDING: Readonly<Record<string, NonNullable<Evidence['transport']>>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EADDRNOTAVAIL: 'refused',
  UND_ERR_CONNECT_TIMEOUT: 'refused',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EPROTO: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
}

/** @param answered the answer's head had come; @param partial a part of its body too */
export function transportOf(error: unknown, answered: boolean, partial: boolean): NonNullable<Evidence['transport']> {
  const code = codeOf(error)
  const before = BEFORE_SENDING[code]
  if (before) return before
  if (!answered && /^(ERR_TLS|ERR_SSL|CERT_)/.test(code)) return 'tls'
  if (partial || (answered && code === 'UND_ERR_SOCKET')) return 'cut'
  if (['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code)) return 'reset'
  return 'other'
}

export function codeOf(error: unknown): string {
  // Several addresses of one name, none of which could be reached.
  const [first] = error instanceof AggregateError ? error.errors : []
  return String(((first ?? error) as NodeJS.ErrnoException | undefined)?.code ?? '')
}
