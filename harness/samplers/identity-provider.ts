// How often the run's own identity provider was asked for its key set. A server keeps that set: no call needs one of its own, whatever key its
// token names. What does not reach the provider, since its link is down, stands among the attempts at that link.
//
// Series: `keySetRequests`, since the provider started. Not modelled: who asked; a provider that is not the run's own.
import { sampler } from './sampler.ts'

export const identityProvider = sampler({
  summary: 'Requests for the key set of the identity provider so far.',
  source: 'OpenID Connect Core §10.1.1; evoila/meho#3484',
  periodMs: 500,
  applies: (environment) => environment.identityProvider !== undefined,
  async sample({ identityProvider: provider }, _observe, signal) {
    signal.throwIfAborted()
    return provider ? [{ values: { keySetRequests: await provider.keySetRequests() } }] : []
  },
})
