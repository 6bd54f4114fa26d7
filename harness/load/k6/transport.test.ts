import { expect, test } from 'vitest'
import { transportOf } from './transport.ts'

// Codes and words as k6 2.2.0 gave them.
test.each([
  [1050, 'request timeout', false, 'timeout'],
  [1101, 'lookup: no such host', false, 'dns'],
  [1212, 'dial: connection refused', false, 'refused'],
  [1211, 'dial: i/o timeout', false, 'refused'],
  [1210, 'dial tcp: address 99999: invalid port', false, 'refused'],
  [1301, 'tls: first record does not look like a TLS handshake', false, 'tls'],
  [1000, 'x509: certificate has expired or is not yet valid', false, 'tls'],
  [1200, 'remote error: tls: bad certificate', false, 'tls'],
  [1701, 'error decompressing response body (unexpected EOF)', true, 'other'],
  [1220, 'read: connection reset by peer', false, 'reset'],
  [1201, 'write: broken pipe', false, 'reset'],
  [1000, 'EOF', false, 'reset'],
  [1220, 'read: connection reset by peer', true, 'cut'],
  [1000, 'unexpected EOF', false, 'cut'],
  [1000, 'malformed HTTP response', false, 'other'],
] as const)('%i %s (partial: %s) is %s', (code, text, partial, transport) => {
  expect(transportOf(code, text, partial)).toBe(transport)
})
