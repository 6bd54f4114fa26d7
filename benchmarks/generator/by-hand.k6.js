// What somebody writes who wants every call on record and uses k6 alone: builds each body, parses each answer, writes two lines.
import exec from 'k6/execution'
import http from 'k6/http'

export const options = {
  scenarios: { all: { executor: 'constant-vus', vus: Number(__ENV.AGENTS), duration: __ENV.DURATION } },
  systemTags: [],
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'by-hand', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}
let seq = 0
let n = 0

export default function () {
  n++
  const agent = `agent-${exec.vu.idInTest}`
  const call = `r1-${agent}-t1-${n}`
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const traceparent = `00-${trace}-${String(n).padStart(16, '0')}-01`
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: call,
    method: 'tools/call',
    params: { name: 'list_tables', arguments: {}, _meta: Object.assign({ traceparent }, META) },
  })
  const headers = {
    authorization: 'Bearer mcp_k1_secret',
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call',
    'Mcp-Name': 'list_tables',
    'X-Request-Id': call,
    traceparent,
  }
  const send = { kind: 'send', seq: ++seq, call, agent, task: 't1', turn: 1, attempt: 1, role: 'cheapRead', tool: 'list_tables' }
  console.log(JSON.stringify(Object.assign(send, { plannedAtMs: 0, sentAtMs: Date.now(), timeoutMs: 6000, trace })))
  const response = http.post(__ENV.URL, body, { headers })
  const end = { kind: 'end', seq: ++seq, call, agent, endedAtMs: Date.now(), status: response.status }
  end.contentType = response.headers['Content-Type']
  end.sizeBytes = response.body.length
  const message = JSON.parse(response.body)
  end.rpcId = message.id
  end.parsed = true
  end.isError = message.result.isError === true
  end.correct = Array.isArray(message.result.structuredContent.tables)
  console.log(JSON.stringify(end))
}
