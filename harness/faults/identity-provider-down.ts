// The issuer of tokens is gone for a while. Tokens that are out there stay valid, and so do the keys that check them: a server
// that has those may go on. What it cannot check it must call unavailable (503), not unauthorised (401), or every client logs in anew.
// Parameters: none.
// What it does not model: an issuer that answers late, or with wrong keys.

import { httpCanary } from '../environment/http-canary.ts'
import type { Environment } from '../environment/service.ts'
import { breaking } from './breaking.ts'
import { fault } from './fault.ts'
import { neededIdentityProvider, neededLink } from './needed.ts'
import { byWord, GONE } from './proof.ts'

const METADATA = '/.well-known/oauth-authorization-server'

export const identityProviderDown = fault({
  summary: 'The identity provider refuses every connection.',
  source: 'RFC 8414; RFC 6750 §3.1; seed 1, "Authentication"',
  dependency: 'identity-provider',
  needs: ['link', 'identityProvider'],
  faithful:
    'A new connection is accepted by the link and reset as soon as the link has been refused behind it; live ones end. Documents that the server has cached stay with it.',
  parameters: {},
  async inject(environment, _parameters, signal) {
    const provider = neededIdentityProvider(environment)
    neededLink(environment, 'identity-provider')
    const undo = await breaking(environment, { remedies: [], harm: () => provider.pause(), heal: () => provider.resume(), signal })
    return { ...byWord(GONE, signal, (stop) => ask(environment, stop)), [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() }
  },
})

/** Its metadata, as the server would fetch it. */
async function ask(environment: Environment, signal?: AbortSignal) {
  const link = neededLink(environment, 'identity-provider')
  return await httpCanary(link, `http://${link.address}${METADATA}`, signal)
}
