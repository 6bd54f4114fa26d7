// The public servers that the example targets start, each pinned, and none of them a dependency of ours: docs/wild.md says what they are
// and what was found in them. `npm` and `pip` are what a person would type behind `npm install` and `pip install`.

/**
 * @typedef {object} Example
 * @property {readonly string[]} [npm]
 * @property {readonly string[]} [pip]
 * @property {readonly string[]} [npmOptions]
 */

/** @satisfies {Record<string, Example>} */
export const EXAMPLES = {
  dbhub: {
    // Its drivers are optional, and only one is needed here.
    npm: ['dbhub-1.2.3@npm:@bytebase/dbhub@1.2.3', 'dbhub-1.4.0@npm:@bytebase/dbhub@1.4.0', 'pg@8.23.1'],
    npmOptions: ['--omit=optional'],
  },
  everything: { npm: ['@modelcontextprotocol/server-everything@2026.8.31'] },
  'server-postgres': { npm: ['@modelcontextprotocol/server-postgres@0.6.2'], pip: ['mcp-proxy==0.13.0'] },
  toolbox: { npm: ['@toolbox-sdk/server@1.12.0'] },
  fastmcp: { pip: ['fastmcp==4.1.2'] },
  contextforge: { pip: ['mcp-contextforge-gateway==1.0.7'] },
}
