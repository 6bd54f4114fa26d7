// What a caller says stays with the caller: secrets and personal data are planted in every argument of every tool, on every path that
// fails, in headers and in the envelope; afterwards none of it is in the log, the spans, the metrics or the text of an error.
// An id that a program would make (`X-Request-Id`, trace id) is repeated on purpose: it carries no secret, and operators need it.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../tests/fixtures/desk-services.ts'
import { type Desk, headersOf, openDesk, TOKENS, toolCall } from './fixtures/desk.ts'
import { allowed, type JsonSchema } from './fixtures/json-schema.ts'
import { openReceiver } from './fixtures/otlp-receiver.ts'

/** Each is looked for by a part that survives escaping, cutting and case. */
const PLANTED = ['ada.lovelace@private.example', '078-05-1120', '4111 1111 1111 1111', 'sk-live-51H8xPlanted', "O'Planted; drop table"]
const TRACES = /lovelace|078-05|4111.?1111|sk-live|planted/i
const MARK = PLANTED.join(' | ')

let services: DeskServices
let receiver: Awaited<ReturnType<typeof openReceiver>>
let desk: Desk
/** Text of every answer that was an error. */
const errors: string[] = []
let sent = 0

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  receiver = await openReceiver()
  desk = await openDesk(services.addresses, { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, LOG_LEVEL: 'debug' })
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await receiver?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

async function send(init: RequestInit & { url?: string }): Promise<void> {
  sent += 1
  const response = await fetch(init.url ?? desk.url, { method: 'POST', ...init })
  const text = await response.text()
  if (!response.ok || /"isError":\s*true|"error":\s*\{/.test(text)) errors.push(text)
}

async function call(tool: string, args: unknown, token = TOKENS.every0): Promise<void> {
  await send({ headers: headersOf(tool, `plain-${sent}`, token), body: toolCall(`plain-${sent}`, tool, args as Record<string, unknown>) })
}

function inputOf(tool: string): JsonSchema {
  return desk.running.tools.get(tool)?.listing.inputSchema as JsonSchema
}

describe('what is planted', () => {
  test('in every argument of every tool: as its schema allows, as it does not, and as a name', async () => {
    for (const name of desk.running.tools.keys()) {
      const schema = inputOf(name)
      await call(
        name,
        allowed(schema, () => MARK),
      )
      await call(
        name,
        allowed(schema, () => PLANTED[0] ?? '', false),
      )
      await call(name, { ...(allowed(schema, () => MARK, false) as object), [MARK]: MARK })
      for (const property of Object.keys(schema.properties ?? {})) {
        await call(name, { ...(allowed(schema, () => 'x') as object), [property]: MARK })
        await call(name, { ...(allowed(schema, () => 'x') as object), [property]: { [MARK]: [MARK] } })
      }
      await call(
        name,
        allowed(schema, () => MARK),
        TOKENS.reader,
      )
    }
  })

  test('in SQL that Postgres quotes when it complains', async () => {
    for (const sql of [
      `select '${PLANTED[1]}'::int`,
      `select 'x' as "${PLANTED[3]}" from nowhere_${PLANTED[3]?.slice(-7)}`,
      `select date '${PLANTED[0]}'`,
      `select ${PLANTED[4]}`,
      `select json '{"${PLANTED[3]}'`,
      `select pg_sleep(0), 1/0 as "${PLANTED[3]}"`,
    ])
      await call('run_query', { sql })
  })

  test('in headers, the path, ids, the method, the envelope', async () => {
    const good = headersOf('list_tables', 'plain', TOKENS.every0)
    const body = toolCall('plain', 'list_tables', {})
    const ascii = encodeURIComponent(MARK)
    for (const name of [
      ...['authorization', 'x-request-id', 'mcp-name', 'mcp-method', 'mcp-protocol-version', 'content-type', 'origin', 'cookie'],
      ...[
        'traceparent',
        'tracestate',
        'baggage',
        'user-agent',
        'accept',
        'mcp-session-id',
        'idempotency-key',
        'x-forwarded-for',
        'referer',
      ],
    ])
      await send({ headers: { ...good, [name]: ascii }, body })
    await send({ headers: { ...good, authorization: `Bearer mcp_e0_${PLANTED[3]}-and-some-more` }, body })
    await send({ url: `${desk.url}/${ascii}?token=${ascii}`, headers: good, body })
    for (const change of [{ id: MARK }, { method: MARK }, { jsonrpc: MARK }, { params: MARK }, { [MARK]: MARK }])
      await send({ headers: good, body: JSON.stringify({ ...(JSON.parse(body) as object), ...change }) })
    for (const meta of [
      { [MARK]: MARK },
      { traceparent: MARK },
      { 'io.modelcontextprotocol/protocolVersion': MARK },
      { progressToken: MARK },
      { idempotencyKey: MARK },
    ])
      await send({
        headers: good,
        body: JSON.stringify({ ...(JSON.parse(body) as object), params: { name: 'list_tables', arguments: {}, _meta: meta } }),
      })
    for (const text of [`{"a": ${MARK}`, MARK, `[${JSON.stringify(MARK)}]`, JSON.stringify(MARK)]) await send({ headers: good, body: text })
    const named = toolCall('plain', MARK, {})
    await send({ headers: { ...good, 'mcp-name': ascii }, body: named })
    await send({ headers: { ...good, 'mcp-name': `=?base64?${Buffer.from(MARK).toString('base64')}?=` }, body: named })
  })
})

describe('is not found', () => {
  test('in the log, which has a line for each request', async () => {
    expect(sent).toBeGreaterThan(150)
    expect(await desk.requests(sent)).toHaveLength(sent)
    const found = readFileSync(desk.logFile, 'utf8')
      .split('\n')
      .filter((line) => TRACES.test(line))
    expect(found).toEqual([])
  })

  test('in what a mistake of ours logs', () => {
    const tried = `tried ${randomUUID()}`
    desk.running.log.problem(tried, Object.assign(new Error(`invalid input syntax for type integer: "${PLANTED[1]}"`), { code: '22P02' }))
    desk.running.log.problem(tried, new SyntaxError(`Unexpected token 's', "${PLANTED[3]}" is not valid JSON`))
    return expect
      .poll(() =>
        readFileSync(desk.logFile, 'utf8')
          .split('\n')
          .filter((line) => line.includes(tried)),
      )
      .toEqual([expect.stringContaining('Error 22P02: invalid input syntax for type integer: \\"…\\"'), expect.not.stringMatching(TRACES)])
  })

  test('in the metrics', async () => {
    const text = await (await fetch(`${desk.adminUrl}/metrics`)).text()
    expect(text).toContain('refusals_total{code="INVALID_ARGUMENTS"}')
    expect(text).not.toMatch(TRACES)
  })

  test('in the text of an error', () => {
    expect(errors.length).toBeGreaterThan(100)
    const found = errors.map((text) => text.replace(/"id":"[^"]*"/, '')).filter((text) => TRACES.test(text))
    expect(found).toEqual([])
  })

  test('in the spans', async () => {
    await desk.stop(2_000)
    expect(receiver.spans.length).toBeGreaterThan(100)
    expect(receiver.text()).not.toMatch(TRACES)
  })
})
