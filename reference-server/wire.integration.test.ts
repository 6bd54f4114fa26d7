// The rules of the wire (specification 2026-07-28, and 2025-11-25 where it differs) as a caller sees them: status, code, headers, body.
// What the official suite asks of them is conformance/; what each refusal says of its reason is server.integration.test.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS, toolCall } from './fixtures/desk.ts'

let services: DeskServices
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses)
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

type Json = Record<string, unknown>
const MODERN = '2026-07-28'
const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'
const META = { [VERSION]: MODERN, [CAPABILITIES]: {} }

async function send(body: unknown, headers: Record<string, string | undefined> = {}, path = '/v1/mcp') {
  const { method, params } = body as { method?: string; params?: { name?: string; uri?: string } }
  const all = {
    ...headersOf('list_tables', 'wire', TOKENS.every0),
    'x-request-id': undefined,
    'mcp-method': method,
    'mcp-name': params?.name ?? params?.uri,
    ...headers,
  }
  const sent = Object.fromEntries(Object.entries(all).filter((each): each is [string, string] => each[1] !== undefined))
  const answer = await fetch(new URL(path, desk.url), { method: 'POST', headers: sent, body: JSON.stringify(body) })
  const text = await answer.text()
  const told = (text === '' ? {} : JSON.parse(text)) as {
    id?: unknown
    result?: Json
    error?: { code: number; message: string; data?: Json }
  }
  return { status: answer.status, headers: answer.headers, text, ...told }
}

const request = (method: string, params: Json = {}, meta: Json = META) => ({
  jsonrpc: '2.0',
  id: 'w',
  method,
  params: { ...params, _meta: meta },
})
const call = (name: string, more: Json = {}) => request('tools/call', { name, arguments: {}, ...more })

describe('the header names what the body names', () => {
  const base64 = (text: string, encoding: BufferEncoding = 'base64') => `=?base64?${Buffer.from(text).toString(encoding)}?=`

  test.each([
    ['as it is', 'list_tables', 200],
    ['with spaces around', '  list_tables ', 200],
    ['encoded', base64('list_tables'), 200],
    ['encoded, another', base64('run_query'), 400],
    ['with an encoding that is none', '=?base64?***?=', 400],
    ['in another case', 'LIST_TABLES', 400],
    ['with the encoding itself as its name', base64(base64('list_tables')), 400],
  ])('%s', async (_, name, status) => {
    const answer = await send(call('list_tables'), { 'mcp-name': name })
    expect(answer.status).toBe(status)
    if (status === 400) expect(answer.error?.code).toBe(-32020)
  })

  test('a name that is not ASCII is compared after it is decoded, and only then is unknown', async () => {
    const name = 'größe_日本'
    const right = await send(call(name), { 'mcp-name': base64(name) })
    expect([right.status, right.error?.code]).toEqual([200, -32602])
    const wrong = await send(call(name), { 'mcp-name': base64('größe_中国') })
    expect([wrong.status, wrong.error?.code]).toEqual([400, -32020])
  })

  test.each(['resources/read', 'prompts/get'])('%s as well', async (method) => {
    const params: Json =
      method === 'resources/read' ? { uri: 'schema://invoices' } : { name: 'monthly-summary', arguments: { month: '2026-03' } }
    expect((await send(request(method, params))).status).toBe(200)
    const missing = await send(request(method, params), { 'mcp-name': undefined })
    expect([missing.status, missing.error?.code]).toEqual([400, -32020])
    const other = await send(request(method, params), { 'mcp-name': 'something-else' })
    expect([other.status, other.error?.code]).toEqual([400, -32020])
  })
})

describe('what the specification refuses, with its status and its code', () => {
  test.each<[string, () => ReturnType<typeof send>, number, number]>([
    ['a method header of another method', () => send(call('list_tables'), { 'mcp-method': 'tools/list' }), 400, -32020],
    ['no version header', () => send(call('list_tables'), { 'mcp-protocol-version': undefined }), 400, -32020],
    ['a version header of another version', () => send(call('list_tables'), { 'mcp-protocol-version': '2025-11-25' }), 400, -32020],
    [
      'a version that nobody serves',
      () => send(request('tools/list', {}, { ...META, [VERSION]: '2099-01-01' }), { 'mcp-protocol-version': '2099-01-01' }),
      400,
      -32022,
    ],
    ['no capabilities', () => send(request('tools/list', {}, { [VERSION]: MODERN })), 400, -32602],
    // The message was in order, and its answer is an error.
    ['a tool that is not there', () => send(call('drop_everything')), 200, -32602],
    ['a prompt that is not there', () => send(request('prompts/get', { name: 'nothing' })), 200, -32602],
    ['an unknown method', () => send(request('tools/destroy')), 404, -32601],
    ['a method that was removed: initialize', () => send(request('initialize')), 404, -32601],
    ['a method that was removed: ping', () => send(request('ping')), 404, -32601],
    [
      'a method that is not offered',
      () => send(request('completion/complete', { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } })),
      404,
      -32601,
    ],
  ])('%s', async (_, sent, status, code) => {
    const answer = await sent()
    expect([answer.status, answer.error?.code, answer.id]).toEqual([status, code, 'w'])
    expect(answer.headers.get('content-type')).toContain('application/json')
  })

  test('a version that nobody serves is told those that are', async () => {
    const { error } = await send(request('tools/list', {}, { ...META, [VERSION]: '2099-01-01' }), { 'mcp-protocol-version': '2099-01-01' })
    expect(error?.data?.supported).toContain(MODERN)
  })

  test.each(['GET', 'DELETE', 'PUT'])('%s is 405 and says what is allowed', async (method) => {
    const answer = await fetch(desk.url, { method, headers: { accept: 'text/event-stream' } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('an array is refused whole, in either revision: one POST is one call to the limits', async () => {
    for (const version of [MODERN, '2025-06-18']) {
      const answer = await send([call('list_tables'), call('list_tables')], {
        'mcp-protocol-version': version,
        'mcp-method': undefined,
        'mcp-name': undefined,
      })
      expect([answer.status, answer.error?.code, answer.id]).toEqual([400, -32600, null])
    }
  })
})

describe('what is served', () => {
  test('server/discover says which revisions and what is offered', async () => {
    const { status, result } = await send(request('server/discover'))
    expect(status).toBe(200)
    expect(result).toMatchObject({
      supportedVersions: expect.arrayContaining([MODERN]),
      capabilities: { tools: {}, resources: {}, prompts: {} },
    })
  })

  test.each(['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'])(
    '%s says how long it may be kept, and for whom',
    async (method) => {
      const { result } = await send(request(method))
      expect(result).toMatchObject({ resultType: 'complete', ttlMs: 60_000, cacheScope: 'private' })
      expect((await send(request(method))).result).toEqual(result)
    },
  )

  test('/mcp is the same endpoint; another path is none', async () => {
    expect((await send(call('list_tables'), {}, '/mcp')).status).toBe(200)
    expect((await send(call('list_tables'), {}, '/v9/mcp')).status).toBe(404)
  })

  test("an answer names the server, and carries the call's id as it was: a number stays one", async () => {
    const { id, result } = await send({ ...call('list_tables'), id: 7 })
    expect(id).toBe(7)
    expect(result?._meta).toMatchObject({ 'io.modelcontextprotocol/serverInfo': { name: 'ledger-desk' } })
  })
})

describe('2025', () => {
  const legacy = (body: unknown, version?: string) =>
    send(body, { 'mcp-protocol-version': version, 'mcp-method': undefined, 'mcp-name': undefined })
  const initialize = (version: string) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'wire', version: '1' } },
  })

  test.each([
    ['2025-11-25', '2025-11-25'],
    ['2025-06-18', '2025-06-18'],
    ['1999-01-01', '2025-11-25'],
  ])('initialize with %s agrees on %s, without a session', async (asked, agreed) => {
    const { status, headers, result } = await legacy(initialize(asked))
    expect([status, result?.protocolVersion, headers.get('mcp-session-id')]).toEqual([200, agreed, null])
    expect(headers.get('content-type')).toContain('application/json')
  })

  test('notifications are 202 with nothing in them', async () => {
    const { status, text } = await legacy({ jsonrpc: '2.0', method: 'notifications/initialized' }, '2025-11-25')
    expect([status, text]).toEqual([202, ''])
  })

  test("notifications/cancelled is taken and stops nobody: its id is the client's own, and two clients number alike", async () => {
    const slow = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'run_query', arguments: { sql: 'select pg_sleep(0.4), 1 as one' } },
    }
    const answer = legacy(slow, '2025-11-25')
    const asleep = () =>
      services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and state = 'active' and query like '%pg_sleep(0.4)%'`)
    await expect.poll(async () => (await asleep()).length, { interval: 10 }).toBe(1)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1, reason: 'another client’s' } }
    expect((await legacy(cancel, '2025-11-25')).status).toBe(202)
    expect((await answer).result).toMatchObject({ structuredContent: { rows: [{ one: 1 }] } })
  })

  test('calls need no header of the newer revision, and ping answers', async () => {
    const plain = JSON.parse(toolCall('l', 'list_tables', {})) as { params: Json }
    const { _meta: _, ...params } = plain.params
    expect((await legacy({ ...plain, params }, '2025-11-25')).status).toBe(200)
    expect((await legacy({ jsonrpc: '2.0', id: 2, method: 'ping' }, '2025-11-25')).result).toEqual({})
  })

  test('a version header that nobody knows is 400', async () => {
    expect((await legacy({ jsonrpc: '2.0', id: 2, method: 'ping' }, '2024-99-99')).status).toBe(400)
  })
})
