// One trace from the agent's traceparent through the server, Postgres and the service upstream, as a collector receives it.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS, toolCall } from './fixtures/desk.ts'
import { openReceiver } from './fixtures/otlp-receiver.ts'

const AGENT_SPAN = 'b7ad6b7169203331'
const SERVER = 2
const CLIENT = 3

let services: DeskServices
let receiver: Awaited<ReturnType<typeof openReceiver>>
let upstream: http.Server
let desk: Desk
const told: http.IncomingHttpHeaders[] = []

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  receiver = await openReceiver()
  upstream = http.createServer((request, response) => {
    told.push(request.headers)
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ base: 'EUR', quote: 'USD', rate: 1.08 }))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  desk = await openDesk(services.addresses, {
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    UPSTREAM_URL: url,
    OTEL_SERVICE_NAME: 'desk-under-test',
  })
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  upstream?.close()
  await receiver?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

const newTrace = () => randomBytes(16).toString('hex')
const traceparent = (traceId: string) => `00-${traceId}-${AGENT_SPAN}-01`

/** @param own what stands in the header; the body's `_meta` has another one unless it is left out */
async function call(tool: string, args: Record<string, unknown>, { header, meta }: { header?: string; meta?: string }) {
  const message = JSON.parse(toolCall('7', tool, args)) as { params: { _meta: Record<string, unknown> } }
  delete message.params._meta.traceparent
  if (meta) message.params._meta.traceparent = traceparent(meta)
  const headers = { ...headersOf(tool, '7', TOKENS.every0), ...(header && { traceparent: traceparent(header) }) }
  return await fetch(desk.url, { method: 'POST', headers, body: JSON.stringify(message) })
}

test('the agent, this server, Postgres and the service upstream are one trace', async () => {
  const seen = desk.logged('request').length
  const [byMeta, byHeader] = [newTrace(), newTrace()]
  await call('get_exchange_rate', { base: 'EUR', quote: 'USD' }, { meta: byMeta, header: newTrace() })
  await call('list_tables', {}, { header: byHeader })
  const [upstreamSpan, serverSpan] = await receiver.trace(byMeta, 2)
  expect(serverSpan).toMatchObject({
    parentSpanId: AGENT_SPAN,
    name: 'tools/call get_exchange_rate',
    kind: SERVER,
    service: 'desk-under-test',
    attributes: {
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'get_exchange_rate',
      'gen_ai.operation.name': 'execute_tool',
      'mcp.protocol.version': '2026-07-28',
      'jsonrpc.request.id': '7',
    },
  })
  expect(upstreamSpan).toMatchObject({ parentSpanId: serverSpan?.spanId, kind: CLIENT })
  expect(told.at(-1)?.traceparent).toBe(`00-${byMeta}-${upstreamSpan?.spanId}-01`)
  const [postgresSpan, other] = await receiver.trace(byHeader, 2)
  expect(postgresSpan).toMatchObject({ name: 'postgres read', parentSpanId: other?.spanId, attributes: { 'db.system.name': 'postgresql' } })
  const lines = await desk.requests(seen + 2)
  expect(lines.slice(seen).map((line) => line.trace_id)).toEqual([byMeta, byHeader])
})

test('without a parent a trace begins here, and the log says which', async () => {
  const seen = (await desk.requests(0)).length
  await call('list_tables', {}, {})
  const id = String((await desk.requests(seen + 1)).at(-1)?.trace_id)
  expect(id).toMatch(/^[0-9a-f]{32}$/)
  const spans = await receiver.trace(id, 2)
  expect(spans.map(({ name, parentSpanId }) => [name, Boolean(parentSpanId)])).toEqual([
    ['postgres read', true],
    ['tools/call list_tables', false],
  ])
})

test.each([
  ['a refusal', 'list_tables', { unknown: 1 }, 'tool_error', 'INVALID_ARGUMENTS', 0],
  ['SQL that cannot run', 'run_query', { sql: 'select nothing from nowhere' }, 'tool_error', 'INVALID_ARGUMENTS', 0],
  ['a statement that takes too long', 'run_query', { sql: 'select pg_sleep(20)' }, 'tool_error', 'TOOL_TIMEOUT', 2],
])('%s says which error it was, and whether it is ours', async (_, tool, args, type, code, status) => {
  const traceId = newTrace()
  await call(tool, args, { meta: traceId })
  await receiver.trace(traceId, 1)
  await expect.poll(async () => (await receiver.trace(traceId, 1)).some(({ kind }) => kind === SERVER)).toBe(true)
  const span = (await receiver.trace(traceId, 1)).find(({ kind }) => kind === SERVER)
  expect(span).toMatchObject({ status, attributes: { 'error.type': type, 'rpc.response.status_code': code } })
})

test('a collector that is away costs a call nothing', async () => {
  await using away = await openDesk(services.addresses, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
  const answers = await Promise.all(Array.from({ length: 100 }, () => away.call('list_tables')))
  expect(answers.filter(({ isError }) => isError)).toEqual([])
  const { data } = await away.call('list_tables')
  expect(data).toHaveProperty('tables')
})
