// A key id that the kept set does not have is looked for at the identity provider, each time and at once: jose's own resolver with its
// cooldown turned off, so that a rotation passes without anybody noticing. Anybody can make up key ids.
import { createRemoteJWKSet, errors, type JWSHeaderParameters } from 'jose'
import { type SigningKey, Unverifiable } from '../auth/key-set.ts'
import { weakness } from './weakness.ts'

export default weakness({
  story:
    'Tokens that nobody had signed, each with a made-up key id, made the server ask the identity provider once a request: its MCP side had no cooldown, and no limit before it.',
  source: 'evoila/meho#3484; zmartzone/lua-resty-openidc#468; coreos/go-oidc#482',
  caughtBy: { scenario: 'auth-storm', check: 'retry-amplification' },
  apply: (parts) => ({
    ...parts,
    openKeySet: ({ provider, staleMs, changed }) => {
      let keys: ((header: JWSHeaderParameters) => Promise<SigningKey>) | undefined
      return {
        async find(header) {
          try {
            const { jwks_uri: uri } = await provider.metadata()
            keys ??= createRemoteJWKSet(new URL(uri), { cooldownDuration: 0, cacheMaxAge: staleMs })
            return await keys(header)
          } catch (error) {
            if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return undefined
            changed('down', error)
            throw new Unverifiable('the identity provider does not answer', { cause: error })
          }
        },
      }
    },
  }),
})
