// k6 at its fastest: the same body again and again, the answer not looked at, nothing written.
import http from 'k6/http'

export const options = {
  scenarios: { all: { executor: 'constant-vus', vus: Number(__ENV.AGENTS), duration: __ENV.DURATION } },
  systemTags: [],
}

const params = {
  headers: {
    'Content-Type': 'application/json',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'list_tables',
  },
}
const body = JSON.stringify({ jsonrpc: '2.0', id: 'c1', method: 'tools/call', params: { name: 'list_tables', arguments: {} } })

export default function () {
  http.post(__ENV.URL, body, params)
}
