// Who is calling (pattern A): `Authorization: Bearer mcp_<keyId>_<secret>`, one long-lived key an agent, for internal use.
// The store keeps SHA-256 of the secret; the comparison takes the same time whether the first byte is wrong or the last.
// Secrets are random and long, so a plain fast hash is right: a slow one (PBKDF2, bcrypt) a call would cost more than the call.
// When the store cannot say (Postgres down) the last good keys serve; a key never seen is then 503, not 401: an agent told
// 401 throws its token away.
// A revoked key is forgotten within a second (store/revocations.ts).
// Does not model: expiry, rotation.
import { hash as digest, timingSafeEqual } from 'node:crypto'
import type { Answer, Identity } from '../call.ts'
import { CallError } from '../errors.ts'
import type { Key } from '../store/keys.ts'
import { control } from './control.ts'

const BEARER = /^Bearer +mcp_([A-Za-z0-9-]{1,64})_([A-Za-z0-9-]{16,256})$/i

export const authenticate = control({
  summary: 'Knows the caller by its bearer key, or refuses.',
  source: 'seed 1, "Pattern A"; RFC 6750 §3',
  settings: ['SEED_AGENTS'],
  wrap: (next, { keys }) =>
    function authenticate(call) {
      const given = BEARER.exec(call.headers.authorization ?? '')
      if (!given) throw unauthenticated('Send "Authorization: Bearer mcp_<keyId>_<secret>".')
      const [, keyId = '', secret = ''] = given
      const entering = (key: Key | undefined): Promise<Answer> => {
        call.identity = identityOf(key, secret)
        return next(call)
      }
      const found = keys.find(keyId, call.abort.signal)
      // No promise where none is needed: most calls are of keys that are remembered.
      return found instanceof Promise ? found.then(entering) : entering(found)
    },
})

function identityOf(key: Key | undefined, secret: string): Identity {
  const hash = digest('sha256', secret, 'buffer')
  // An unknown key is compared as well, so that the time does not tell which key ids exist.
  const matches = timingSafeEqual(hash, key?.secretHash ?? hash.map((byte) => byte ^ 0xff))
  if (!key || !matches) throw unauthenticated('This key is unknown, wrong or revoked.')
  return key.identity
}

function unauthenticated(message: string): CallError {
  return new CallError('UNAUTHENTICATED', message, { headers: { 'www-authenticate': 'Bearer realm="mcp", error="invalid_token"' } })
}
