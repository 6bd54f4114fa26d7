// Every name of OpenTelemetry that this server says, in one place: the conventions for MCP are in development
// (open-telemetry/semantic-conventions-genai, 2026), so they will be renamed, and then here only.

/** Methods that may be named in logs and spans; another is whatever a caller has written. */
const METHODS = new Set([
  ...['initialize', 'ping', 'server/discover', 'completion/complete', 'logging/setLevel', 'subscriptions/listen'],
  ...['tools/list', 'tools/call', 'prompts/list', 'prompts/get'],
  ...['resources/list', 'resources/read', 'resources/templates/list', 'resources/subscribe', 'resources/unsubscribe'],
  ...['notifications/initialized', 'notifications/cancelled', 'notifications/progress'],
])

export function methodName(method: string): string {
  return METHODS.has(method) ? method : 'other'
}

/** The span of one message from an agent: `tools/call list_tables`. */
export function messageSpan(method: string, tool: string | undefined): string {
  return tool === undefined ? methodName(method) : `${methodName(method)} ${tool}`
}

export const SPANS = {
  /** One transaction: BEGIN to COMMIT or ROLLBACK, without its SQL. */
  postgresRead: 'postgres read',
  postgresWrite: 'postgres write',
  /** One HTTP request to the service behind a tool. */
  upstream: 'upstream GET',
} as const

export const ATTRIBUTES = {
  method: 'mcp.method.name',
  protocolVersion: 'mcp.protocol.version',
  tool: 'gen_ai.tool.name',
  operation: 'gen_ai.operation.name',
  requestId: 'jsonrpc.request.id',
  statusCode: 'rpc.response.status_code',
  errorType: 'error.type',
  queueMs: 'desk.queue_ms',
  dbSystem: 'db.system.name',
  service: 'service.name',
  instance: 'service.instance.id',
} as const

/** `gen_ai.operation.name` of tools/call. */
export const EXECUTE_TOOL = 'execute_tool'
/** `error.type` of a result with `isError`. */
export const TOOL_ERROR = 'tool_error'
