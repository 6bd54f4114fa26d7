// What k6 saw when there was no answer, in the history's words. What was refused before anything was sent did not happen; of
// everything else nobody knows. Pure.
// Source: k6's table of error codes (1050 timeout, 11xx DNS, 12xx TCP, 13xx TLS); an end of file has no code of its own (1000).
import type { Evidence } from '../../history/load-line.ts'

/** @param partial a part of the answer's body had come */
export function transportOf(code: number, text: string, partial: boolean): NonNullable<Evidence['transport']> {
  if (code === 1050) return 'timeout'
  if (code >= 1100 && code < 1200) return 'dns'
  if (code >= 1210 && code < 1220) return 'refused'
  // Certificates that are out of date and alerts of the other side have no code of their own.
  if ((code >= 1300 && code < 1400) || (!partial && /\b(tls|x509): /.test(text))) return 'tls'
  // What was packed cannot be unpacked.
  if (code === 1701) return 'other'
  if (partial || /unexpected EOF/.test(text)) return 'cut'
  if (code === 1201 || code === 1220 || /EOF|connection reset|broken pipe|closed/i.test(text)) return 'reset'
  return 'other'
}
