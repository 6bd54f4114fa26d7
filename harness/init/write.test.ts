import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { handmade, oldServer, type StrangeTool, sdkServer, serve } from '../../tests/fixtures/servers/strangers.ts'
import { load } from '../discover.ts'
import type { Target } from '../target.ts'
import { clientCredentials } from '../tokens.ts'
import { type WriteOptions, writeTarget } from './write.ts'

// Each looks at a server as a user's machine would, over sockets.
vi.setConfig({ testTimeout: 30_000 })

const root = path.resolve(import.meta.dirname, '../..')
// Within the checkout, so that what it imports is found as a user's file would find it.
const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-init-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0

async function written(url: string, rest: Partial<WriteOptions> = {}) {
  const file = path.join(folder, `target-${++files}.ts`)
  const said: string[] = []
  const { signal } = new AbortController()
  await writeTarget({ file, url, root, overwrite: false, calls: true, vouched: [], say: (text) => said.push(text), signal, ...rest })
  const unit = await load<Target>('target', file)
  return { file, text: readFileSync(file, 'utf8'), target: unit?.value as Target, said: said.join('\n') }
}

const reads = { annotations: { readOnlyHint: true } }
const draw = { int: (from: number) => from, pick: <T>(list: readonly T[]) => list[0] } as never

test('the plain SDK server: its read is called once, its write never, and both stand in the file', async () => {
  await using server = await sdkServer({ '/health': 'ok' })
  const { target, text, said } = await written(server.url)
  expect(server.called).toEqual(['list_notes'])
  expect(target).toMatchObject({
    url: server.url,
    protocol: '2026-07-28',
    tools: { cheapRead: { name: 'list_notes', sloMs: expect.any(Number) } },
  })
  expect(target.tools?.cheapRead?.arguments?.(draw)).toEqual({ page: 1 })
  expect(target.tools?.write).toBeUndefined()
  expect(text).toMatch(/\/\/ write: \{ name: 'add_note', arguments: \(\) => \(\{ title: todo\('title'\) \}\)/)
  expect(target.observe).toMatchObject({ probes: { live: expect.stringMatching(/\/health$/) } })
  expect(said).toMatch(/list_notes: ok, \d+ ms/)
  expect(target.safety).toBeUndefined()
})

test('a server of the eras of sessions alone is met in the newest that it speaks', async () => {
  await using server = await oldServer()
  const { target } = await written(server.url)
  expect(target).toMatchObject({ protocol: '2025-11-25', tools: { cheapRead: { name: 'get_time' } } })
  expect(server.called).toEqual(['get_time'])
})

test('200 tools come in pages; the quickest read is the cheap one and the slowest the expensive one', async () => {
  const tools = Array.from(
    { length: 200 },
    (_, n): StrangeTool => ({ name: `tool_${n}`, ...(n === 60 || n === 150 ? reads : {}), takesMs: n === 60 ? 150 : 0 }),
  )
  await using server = await handmade(tools)
  const { target, text } = await written(server.url)
  expect(server.called.sort()).toEqual(['tool_150', 'tool_60'])
  expect(target.tools).toMatchObject({ cheapRead: { name: 'tool_150' }, expensiveRead: { name: 'tool_60', sloMs: expect.any(Number) } })
  expect(Number(target.tools?.expensiveRead?.sloMs)).toBeGreaterThanOrEqual(1_500)
  expect(text).toContain('… and 158 more')
})

test('a read whose schema gives no value is not called, and its place is held by a todo', async () => {
  const inputSchema = { type: 'object', required: ['customer'], properties: { customer: { type: 'string', description: 'which one' } } }
  await using server = await handmade([{ name: 'get_customer', inputSchema, ...reads }])
  const { target, file } = await written(server.url)
  expect(server.called).toEqual([])
  expect(() => target.tools?.cheapRead?.arguments?.(draw)).toThrow(
    expect.objectContaining({
      code: 'ARGUMENT_MISSING',
      message: expect.stringMatching(new RegExp(`customer: which one \\(${file}:\\d+\\)`)),
    }),
  )
})

test('reads that answer with an error keep their place, with what the server said of it', async () => {
  await using server = await answering({ isError: true, content: [{ type: 'text', text: 'customer_id is required' }] })
  const { target, text, said } = await written(server.url)
  expect(target.tools?.cheapRead?.name).toBe('read')
  expect(text).toContain('// The quickest read, which answered isError: customer_id is required: mend its arguments.')
  expect(said).toMatch(/no read answered well: .*customer_id is required/)
})

test.each([
  ['words', { content: [{ type: 'text', text: 'x' }] }, undefined],
  ['data alone', { structuredContent: { rows: [] } }, undefined],
  ['data beside an empty list', { content: [], structuredContent: { rows: [] } }, undefined],
  ['nothing at all', { content: [] }, []],
])('an answer of %s is a good one when agents get it', async (_name, result, correct) => {
  await using server = await answering(result)
  expect((await written(server.url)).target.tools?.cheapRead?.correct).toEqual(correct)
})

test.each([
  [503, { 'retry-after': '5' }, 'starting', /answered 503 \(Retry-After: 5\): "starting"$/],
  [429, {}, '', /answered 429$/],
])('a server that answers %s to everybody is no stranger to MCP: it has no time now', async (status, headers, body, message) => {
  await using server = await serve((_request, response) => void response.writeHead(status, headers).end(body))
  await expect(written(server.url)).rejects.toMatchObject({ code: 'TARGET_BUSY', message: expect.stringMatching(message) })
})

test('a server of an era before those that agents speak is told as such', async () => {
  await using server = await serve((request, response, body) => {
    const { id, method } = JSON.parse(body || '{}') as { id?: string; method?: string }
    if (request.method !== 'POST' || method !== 'initialize') return void response.writeHead(400).end('no session')
    const result = { protocolVersion: '2025-03-26', capabilities: {}, serverInfo: { name: 'old', version: '1' } }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
  await expect(written(server.url)).rejects.toMatchObject({
    code: 'PROTOCOL_NOT_SPOKEN',
    message: expect.stringContaining('it speaks 2025-03-26'),
    hint: expect.stringMatching(/^agents speak 2026-07-28, /),
  })
})

test('tools that say nothing are never called, unless somebody vouches for them', async () => {
  await using server = await handmade([
    { name: 'echo' },
    { name: 'list_users' },
    { name: 'drop', annotations: { readOnlyHint: false, destructiveHint: true } },
  ])
  const silent = await written(server.url)
  expect([server.called, silent.target.tools]).toEqual([[], {}])
  expect(silent.said).toMatch(/--read <tool,tool> --overwrite; by their names it could be list_users$/)
  const vouched = await written(server.url, { vouched: ['echo'] })
  expect([server.called, vouched.target.tools?.cheapRead?.name]).toEqual([['echo'], 'echo'])
  await expect(written(server.url, { vouched: ['eko'] })).rejects.toMatchObject({ code: 'UNKNOWN_TOOL' })
})

test('a tool that says it reads and destroys is not believed, and names of odd kinds do no harm', async () => {
  const both = { annotations: { readOnlyHint: true, destructiveHint: true } }
  await using server = await handmade([
    { name: 'wipe', ...both },
    { name: 5 as unknown as string, ...reads },
    { name: 'a\u001b[2J', ...reads },
  ])
  const { target, said } = await written(server.url)
  expect([server.called, target.tools?.cheapRead?.name]).toEqual([['a\u001b[2J'], 'a\u001b[2J'])
  expect(said).not.toContain('\u001b')
})

test('with --no-calls nothing at all is called', async () => {
  await using server = await handmade([{ name: 'a', ...reads }])
  const { target } = await written(server.url, { calls: false })
  expect([server.called, target.tools?.cheapRead?.name]).toEqual([[], 'a'])
})

test('a tool that reaches outside plays external, and is no cheap read where there is another', async () => {
  const outside = { annotations: { readOnlyHint: true, openWorldHint: true } }
  await using server = await handmade([
    { name: 'weather', ...outside },
    { name: 'list', ...reads, takesMs: 60 },
  ])
  const { target } = await written(server.url)
  expect(target.tools).toMatchObject({ cheapRead: { name: 'list' }, expensiveRead: { name: 'list' }, external: { name: 'weather' } })
})

test('whatever a server calls its tools, it ends up as a word and never as code', async () => {
  const name = "x'}, y: process.exit(7), z: {'"
  const evil = `*/ process.exit(7) //\n\u2028process.exit(7)\r\u202e`
  const inputSchema = { type: 'object', required: [evil], properties: { [evil]: { enum: [`\${process.exit(7)}\`'`, 'b'] } } }
  await using server = await handmade([
    { name, description: evil, inputSchema, ...reads },
    { name: evil, description: evil, inputSchema },
  ])
  const { target, text } = await written(server.url)
  expect(target.tools?.cheapRead?.name).toBe(name)
  expect(target.tools?.cheapRead?.arguments?.(draw)).toEqual({ [evil]: `\${process.exit(7)}\`'` })
  expect(text).not.toMatch(/^\s*process\.exit|[\u2028\u202e]/m)
})

/** A server of one read, and what it answers. */
async function answering(answer: object) {
  return await serve((request, response, body) => {
    if (request.method !== 'POST') return void response.writeHead(404).end()
    const { id, method } = JSON.parse(body) as { id: string; method: string }
    const list = { tools: [{ name: 'read', inputSchema: { type: 'object' }, ...reads }] }
    const result = method === 'tools/call' ? answer : method === 'tools/list' ? list : { supportedVersions: ['2026-07-28'] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
}

/** A server that lets nobody in without this token, and says where tokens are had. */
async function guarded(token: string, metadata: (origin: string) => object) {
  return await serve((request, response, body) => {
    const origin = `http://${request.headers.host}`
    if (request.url?.startsWith('/.well-known/')) return void response.end(JSON.stringify(metadata(origin)))
    if (request.url === '/token') return void response.end(JSON.stringify({ access_token: token, expires_in: 3_600 }))
    if (request.headers.authorization !== `Bearer ${token}`)
      return void response
        .writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource"` })
        .end()
    const { id, method } = JSON.parse(body) as { id: string; method: string }
    const result =
      method === 'tools/list'
        ? { tools: [{ name: 'read', inputSchema: { type: 'object' }, ...reads }] }
        : { content: [{ type: 'text', text: 'x' }] }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
}

test('a server that asks for a token: init says where it is had and what to type, and then gets in by client credentials', async () => {
  await using server = await guarded('t0k', (origin) => ({
    authorization_servers: [origin],
    token_endpoint: `${origin}/token`,
    scopes_supported: ['read'],
  }))
  await expect(written(server.url)).rejects.toMatchObject({
    code: 'TARGET_WANTS_TOKEN',
    message: expect.stringContaining('tokens are had from http://127.0.0.1:'),
    hint: expect.stringMatching(
      /--token-file.*--client-credentials http:\/\/127\.0\.0\.1:\d+\/token --client-id <id> --secret-from <VARIABLE> --scope 'read'/s,
    ),
  })
  process.env.STAMPEDE_INIT_SECRET = 's'
  const asked = { tokenUrl: server.url.replace('/mcp', '/token'), clientId: 'me', secretFrom: 'STAMPEDE_INIT_SECRET' }
  const give = async () =>
    ((await clientCredentials(asked)({ index: 0, agent: 'a', tenant: 't' })) as { headers: Record<string, string> }[])[0]?.headers ?? {}
  const { target } = await written(server.url, {
    headers: { give, text: { expression: `clientCredentials(${JSON.stringify(asked)})`, imports: 'clientCredentials', shared: true } },
  })
  const identity = { index: 3, agent: 'b', tenant: 't' }
  expect(await target.agents?.headers?.(identity, {} as never)).toEqual([{ untilS: 3_600, headers: { authorization: 'Bearer t0k' } }])
  delete process.env.STAMPEDE_INIT_SECRET
})

test('what a 403 says of a header that is missing is passed on', async () => {
  await using server = await serve((_request, response) => void response.writeHead(403).end('x-tenant is missing'))
  await expect(written(server.url)).rejects.toMatchObject({
    code: 'TARGET_WANTS_TOKEN',
    message: expect.stringContaining('answered 403: "x-tenant is missing"'),
    hint: expect.stringContaining('--header-from'),
  })
})

test('metadata on another origin is not asked for: nobody allowed it', async () => {
  await using other = await serve((_request, response) => void response.end('{}'))
  await using server = await serve((_request, response) => {
    response.writeHead(401, { 'www-authenticate': `Bearer resource_metadata="${other.url}"` }).end()
  })
  await expect(written(server.url)).rejects.toMatchObject({ code: 'TARGET_WANTS_TOKEN' })
  expect(other.paths).toEqual([])
})

test('one that is down, one that is no MCP, one on stdio: nothing is written', async () => {
  const gone = await sdkServer()
  await gone[Symbol.asyncDispose]()
  await using page = await serve((_request, response) => void response.end('<html>hello</html>'))
  const before = files
  await expect(written(gone.url)).rejects.toMatchObject({ code: 'TARGET_DOWN' })
  await expect(written(page.url)).rejects.toMatchObject({ code: 'TARGET_NOT_MCP' })
  await expect(written('npx -y some-server')).rejects.toMatchObject({ code: 'TRANSPORT_NOT_SPOKEN' })
  for (let n = before + 1; n <= files; n++) expect(existsSync(path.join(folder, `target-${n}.ts`))).toBe(false)
})

test('a file that is there stays as it is', async () => {
  await using server = await handmade([{ name: 'a', ...reads }])
  const file = path.join(folder, 'mine.ts')
  writeFileSync(file, 'mine')
  await expect(written(server.url, { file })).rejects.toMatchObject({ code: 'EEXIST' })
  expect(readFileSync(file, 'utf8')).toBe('mine')
})

test('gauges that look like pools and breakers are offered, not believed; a server that says yes to everything has no probe', async () => {
  const metrics = [
    '# TYPE db_pool gauge',
    'db_pool{state="used",pool="a"} 3',
    'db_pool{state="waiting",pool="a"} 0',
    'circuit_state{name="x"} 0',
    'http_requests_total 5',
  ].join('\n')
  await using server = await sdkServer({ '/metrics': metrics, '/readyz': 'ok' })
  const { text, target } = await written(server.url)
  expect(text).toMatch(
    /\/\/ metrics: \{ url: '.*\/metrics', poolUsed: 'db_pool\{state="used"\}', poolWaiting: 'db_pool\{state="waiting"\}', breakerOpen: 'circuit_state==1' \}/,
  )
  expect(target.observe).toEqual({ probes: { ready: expect.stringMatching(/\/readyz$/) } })

  await using yes = await sdkServer({ '/metrics': 'x', '/readyz': 'x', '/stampede-asks-for-what-nobody-has': 'x' })
  expect((await written(yes.url)).target.observe).toEqual({})
})
