// What `npm run server` prints once it serves: where, for whom, one call to paste into a shell, and a client's configuration.

export interface Door {
  agent: string
  tenant: string
  tier: string
  scopes: string[]
  token: string
}

export interface Serving {
  url: string
  admins: string[]
  doors: Door[]
  postgres: string
  redis: string
  /** Where the instances' logs are, a line a request. */
  logs: string[]
}

const VERSION = '2026-07-28'

export function servingText({ url, admins, doors, postgres, redis, logs }: Serving): string {
  const [first] = doors
  const lines = [
    '',
    `The ledger desk serves at ${url}`,
    ...admins.map((admin) => `  admin     ${admin}/health · /livez · /readyz · /metrics`),
    `  Postgres  ${postgres}`,
    `  Redis     ${redis}`,
    ...logs.map((log) => `  log       ${log}`),
    '',
    'Agents and their tokens (made for this start):',
    ...doors.flatMap(({ agent, tenant, tier, scopes, token }) => [
      '',
      `  ${agent} (tenant ${tenant}, ${tier}): ${scopes.join(' ')}`,
      `    ${token}`,
    ]),
    '',
    'One call:',
    '',
    curlText(url, first?.token ?? ''),
    '',
    'The configuration of a client:',
    '',
    configurationText(url, doors.at(-1)?.token ?? ''),
    '',
    'Ctrl-C stops everything.',
    '',
  ]
  return lines.join('\n')
}

/** Works as printed: nothing in it needs more quoting than a shell's single quotes give. */
export function curlText(url: string, token: string): string {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': VERSION,
    'io.modelcontextprotocol/clientInfo': { name: 'curl', version: '8' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'list_tables', arguments: {}, _meta } }
  const headers = [
    `Authorization: Bearer ${token}`,
    'Content-Type: application/json',
    'Accept: application/json, text/event-stream',
    `MCP-Protocol-Version: ${VERSION}`,
    'Mcp-Method: tools/call',
    'Mcp-Name: list_tables',
  ]
  const words = [`curl -sS ${url}`, ...headers.map((header) => `-H '${header}'`), `-d '${JSON.stringify(message)}'`]
  return words.join(' \\\n  ')
}

function configurationText(url: string, token: string): string {
  const server = { type: 'http', url, headers: { Authorization: `Bearer ${token}` } }
  return JSON.stringify({ mcpServers: { 'ledger-desk': server } }, null, 2)
}
