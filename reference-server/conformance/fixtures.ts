// What the official conformance suite calls by name: tools, resources and prompts that exist for it alone (`test_simple_text`, …),
// behind CONFORMANCE=1 and outside the product. They stand where the ledger's own offers stand, so that all before them is what is
// tested: HTTP, headers, both eras, the pipeline, streams. The suite sends no token, so everybody is let in as one nobody; the server
// therefore refuses CONFORMANCE=1 anywhere but on this machine (config.ts).
import type { Identity } from '../call.ts'
import { control } from '../controls/control.ts'
import { type Offers, PRIVATE_HINTS } from '../offers.ts'
import type { Parts } from '../parts.ts'
import { offerPrompts } from './prompts.ts'
import { offerResources } from './resources.ts'
import { stateCodec } from './state.ts'
import { offerTools } from './tools.ts'

export function withFixtures(parts: Parts): Parts {
  return { ...parts, authenticate: asNobody, offers: fixtures }
}

const NOBODY: Identity = {
  tenant: 'conformance',
  agent: 'conformance',
  keyId: 'none',
  scopes: new Set(['mcp:tools:read', 'mcp:resources:read']),
  errorSurface: 'http',
  tier: 'enterprise',
  priority: 'critical',
}

const asNobody = control({
  summary: 'Lets everybody in, for the conformance suite.',
  source: '@modelcontextprotocol/conformance sends no token',
  settings: ['CONFORMANCE'],
  wrap: (next) => async (call) => {
    call.identity = NOBODY
    return await next(call)
  },
})

const fixtures: Offers = {
  options: {
    capabilities: { tools: {}, resources: {}, prompts: {}, completions: {}, logging: {} },
    cacheHints: PRIVATE_HINTS,
    requestState: { verify: stateCodec.verify },
  },
  offer(server, { call }) {
    offerTools(server, call)
    offerResources(server)
    offerPrompts(server)
    if (call.era === 'legacy') server.setRequestHandler('logging/setLevel', () => ({}))
    server.setRequestHandler('completion/complete', ({ params }) => {
      const values = ['paris', 'park', 'party'].filter((value) => value.startsWith(params.argument.value))
      return { completion: { values, total: values.length, hasMore: false } }
    })
  },
}
