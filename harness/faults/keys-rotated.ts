// The issuer signs with a new key from now on. A server that looks only into the keys it fetched at its start refuses every new
// token; one that fetches again for every unknown key can be made to do nothing else by forged ones.
// Parameters: old (kept: the old key stays in the key set, as a careful issuer leaves it; forgotten: it is gone at once).
// What it does not model: a key set that is served stale by a cache in between.
import { get } from 'node:http'
import { hostAndPort } from '../environment/canary.ts'
import type { Link } from '../environment/service.ts'
import { choice } from '../parameters.ts'
import { fault, type Proof } from './fault.ts'
import { neededIdentityProvider, neededLink } from './needed.ts'

const LIMIT_MS = 2_000
const KEYS_MAX_BYTES = 65_536

export const keysRotated = fault({
  summary: 'The identity provider changes its signing key once.',
  source: 'RFC 7517 §4.5; OpenID Connect Core §10.1.1',
  dependency: 'identity-provider',
  needs: ['link', 'identityProvider'],
  faithful:
    'Tokens issued from now on name a kid that the server has not seen. Tokens from before stay right if the old key is kept, and cannot be checked any more if it is forgotten.',
  parameters: { old: choice(['kept', 'forgotten'], 'kept') },
  momentary: true,
  async inject(environment, { old }, signal) {
    const provider = neededIdentityProvider(environment)
    const link = neededLink(environment, 'identity-provider')
    signal.throwIfAborted()
    const before = await keyIds(link)
    await provider.rotateKeys(old === 'forgotten')
    const look = async (): Promise<Proof> => {
      const now = await keyIds(link)
      const isNew = now.some((kid) => !before.includes(kid))
      return { seen: isNew, detail: `keys ${short(now)} (before: ${short(before)})` }
    }
    // New keys are no harm that could be undone: healed is a key set that can be read.
    return { felt: look, healed: look, [Symbol.asyncDispose]: async () => {} }
  },
})

function short(ids: readonly string[]): string {
  return ids.map((id) => id.slice(0, 8)).join(', ')
}

async function keyIds(link: Link): Promise<string[]> {
  const metadata = (await fetchJson(link, '/.well-known/oauth-authorization-server')) as { jwks_uri: string }
  const { keys } = (await fetchJson(link, new URL(metadata.jwks_uri).pathname)) as { keys: { kid: string }[] }
  return keys.map(({ kid }) => kid)
}

function fetchJson(link: Link, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { host: link.address, connection: 'close', 'x-stampede-canary': '1' }
    const request = get({ ...hostAndPort(link.canaryAddress), path, headers, agent: false, signal: AbortSignal.timeout(LIMIT_MS) })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
        if (text.length > KEYS_MAX_BYTES) request.destroy(new Error(`more than ${KEYS_MAX_BYTES} bytes of keys`))
      })
      response.on('error', reject)
      response.on('end', () => {
        try {
          resolve(JSON.parse(text))
        } catch (error) {
          reject(error as Error)
        }
      })
    })
  })
}
