// The socket: plain HTTP (patterns A and B; TLS ends before it), or with AUTH=mtls TLS that takes nobody without a certificate
// signed by TLS_CLIENT_CA_FILE. What a certificate is to a token, the thumbprint of RFC 8705 §3.1, is read once a connection.
// Files are read at start: new certificates need a restart.
// Does not model: revocation lists of certificates; a proxy that ends TLS and tells the certificate in a header.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { type Settings, SettingsError } from '../config.ts'

/** @throws SettingsError for a file that cannot be read */
export function createListener(settings: Settings, bounds: http.ServerOptions): http.Server {
  if (settings.AUTH !== 'mtls') return http.createServer(bounds)
  const cert = file(settings, 'TLS_CERT_FILE')
  const key = file(settings, 'TLS_KEY_FILE')
  const ca = file(settings, 'TLS_CLIENT_CA_FILE')
  return https.createServer({ ...bounds, cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' })
}

function file(settings: Settings, name: 'TLS_CERT_FILE' | 'TLS_KEY_FILE' | 'TLS_CLIENT_CA_FILE'): Buffer {
  try {
    return readFileSync(settings[name])
  } catch (error) {
    throw new SettingsError(`${name} is ${JSON.stringify(settings[name])}: ${(error as Error).message}`)
  }
}

const thumbprints = new WeakMap<Socket, string | undefined>()

/** SHA-256 of the caller's certificate, base64url; undefined without TLS or without one. */
export function certificateOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  if (!thumbprints.has(socket)) {
    const raw = socket.getPeerX509Certificate()?.raw
    thumbprints.set(socket, raw && createHash('sha256').update(raw).digest('base64url'))
  }
  return thumbprints.get(socket)
}
