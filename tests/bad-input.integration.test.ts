// Each mistake a user can make gets a clear error that says what to type, and leaves nothing running.
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ROOT, Workshop } from './fixtures/cli.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const short = path.join(ROOT, 'tests/fixtures/scenarios/short.ts')

function written(name: string, text: string): string {
  const file = path.join(workshop.folder, name)
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

function targetFile(name: string, value: string): string {
  return written(name, `import { target } from '${ROOT}/harness/target.ts'\nexport default target(${value})\n`)
}

/** What the server below would have listened on, with a tool that plays cheapRead. */
const cheapRead = "tools: { cheapRead: { name: 'list_notes', arguments: () => ({ page: 1 }) } }"

async function refused(words: string[], code: string, hint: RegExp): Promise<void> {
  const { code: exitCode, stderr, stdout } = await workshop.cli('scenario', ...words, '--reports', workshop.reports)
  expect(exitCode, `${stderr}${stdout}`).toBe(254)
  expect(stderr).toContain(`${code}: `)
  expect(stderr.slice(stderr.indexOf(`${code}: `))).toMatch(hint)
  const leases = readdirSync(workshop.temporary).filter((name) => name.startsWith('stampede-'))
  expect(leases.flatMap((name) => readdirSync(path.join(workshop.temporary, name)))).toEqual([])
}

test.each([
  [['runaway-lop'], 'UNKNOWN_SCENARIO', /did you mean runaway-loop\?/],
  [['runaway-loop', '--weaken', 'no-agent-limits'], 'UNKNOWN_WEAKNESS', /did you mean no-agent-limit\?/],
  [['runaway-loop', '--seed', 'x'], 'BAD_OPTION', /"x".*0 to 4294967295/s],
  [['runaway-loop', '--target', 'referense'], 'UNKNOWN_TARGET', /did you mean reference\?/],
  [['runaway-loop', '--target', './nowhere.ts'], 'TARGET_NOT_FOUND', /nowhere\.ts/],
  [['./nowhere.ts'], 'SCENARIO_NOT_FOUND', /nowhere\.ts/],
  [['runaway-loop', '--k6', '/nowhere/k6'], 'K6_NOT_FOUND', /k6/],
])('%j is %s', async (words, code, hint) => {
  await refused(words, code, hint)
})

test('a target that does not type-check, and one without url', async () => {
  await refused(
    [short, '--target', targetFile('typo.ts', "{ url: 'http://127.0.0.1:1/mcp', tols: {} }")],
    'TARGET_INVALID',
    /typo\.ts\(2,\d+\)/,
  )
  await refused([short, '--target', targetFile('no-url.ts', `{ ${cheapRead} }`)], 'TARGET_INVALID', /add the line: url:/)
})

test('a target that lacks the role, is down, is not MCP, or asks for a token', async () => {
  await refused([short, '--target', targetFile('no-role.ts', "{ url: 'http://127.0.0.1:1/mcp' }")], 'ROLE_MISSING', /cheapRead/)
  await refused(
    [short, '--target', targetFile('down.ts', `{ url: 'http://127.0.0.1:1/mcp', ${cheapRead} }`)],
    'TARGET_DOWN',
    /start the server/,
  )
  const answering = (status: number) => `{ url: ({ ports }) => \`http://127.0.0.1:\${ports.server}/mcp\`, ${cheapRead}, start: {
    command: 'node -e "require(\\'http\\').createServer((q, r) => { r.statusCode = q.url === \\'/health\\' ? 200 : ${status}; r.end(\\'hello\\') }).listen(process.env.PORT, \\'127.0.0.1\\')"',
    env: ({ ports }) => ({ PORT: String(ports.server) }), ready: '/health' } }`
  await refused([short, '--target', targetFile('not-mcp.ts', answering(200))], 'TARGET_NOT_MCP', /Streamable HTTP/)
  await refused([short, '--target', targetFile('token.ts', answering(401))], 'TARGET_WANTS_TOKEN', /authorization/)
})

test('a server that does not start says so in its own words', async () => {
  const dies = `{ url: 'http://127.0.0.1:1/mcp', ${cheapRead}, start: { command: 'echo my own words >&2; exit 3', ready: '/health' } }`
  await refused([short, '--target', targetFile('dies.ts', dies)], 'SERVER_DID_NOT_START', /my own words/)
})

test('a host that is not this machine must be named', async () => {
  await refused(
    [short, '--target', targetFile('far.ts', `{ url: 'https://staging.example.com/mcp', ${cheapRead} }`)],
    'HOST_NOT_ALLOWED',
    /safety: \{ hosts: \['staging/,
  )
})

test('a port in use', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as net.AddressInfo
  await refused([short, '--port', String(port)], 'PORT_IN_USE', /--port/)
  taken.close()
})

test('a k6 of another major version', async () => {
  const old = written('bin/k6', '#!/bin/sh\necho "k6 v1.4.0 (go1.25, linux/amd64)"\n')
  chmodSync(old, 0o755)
  await refused([short, '--k6', old], 'K6_WRONG_VERSION', /1\.4\.0/)
})

test('a reports folder that cannot be written', async () => {
  const { code, stderr } = await workshop.cli('scenario', short, '--reports', written('a-file', ''))
  expect(code).toBe(254)
  expect(stderr).toMatch(/REPORTS_NOT_WRITABLE.*--reports/s)
})

test('judge and report of a folder that is no run', async () => {
  for (const verb of ['judge', 'report']) {
    const { code, stderr } = await workshop.cli(verb, workshop.folder)
    expect(code).toBe(254)
    expect(stderr).toMatch(/RUN_NOT_FOUND/)
  }
})

test('--help, --list and --dry-run send nothing and succeed', async () => {
  const help = await workshop.cli('scenario', '--help')
  expect([help.code, help.stdout]).toEqual([0, expect.stringContaining('--weaken')])
  const list = await workshop.cli('scenario', '--list')
  expect([list.code, list.stdout]).toEqual([0, expect.stringMatching(/runaway-loop[\s\S]*no-agent-limit/)])
  const dry = await workshop.cli('scenario', 'slow-postgres', '--dry-run')
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/list_tables[\s\S]*postgres-latency/)])
})
