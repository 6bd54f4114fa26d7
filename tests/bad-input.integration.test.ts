// Each mistake a user can make gets a clear error that says what to type, and leaves nothing running.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { processesWith } from '../harness/run/process-table.ts'
import { type BareCheckout, bareCheckout, refusingPostgres } from './fixtures/bare-checkout.ts'
import { finish, ROOT, Workshop } from './fixtures/cli.ts'
import { unpackSample } from './fixtures/sample-run.ts'

const workshop = new Workshop()
afterAll(() => workshop[Symbol.dispose]())

const short = path.join(ROOT, 'tests/fixtures/scenarios/short.ts')
/** For targets that have nothing to break. */
const calm = path.join(ROOT, 'tests/fixtures/scenarios/calm.ts')

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

/** The exit code, the words and the hint; and nothing of it left: no process, no lease, no folder. */
async function refused(words: string[], code: string, hint: RegExp, from?: BareCheckout & NodeJS.ProcessEnv): Promise<void> {
  const all = ['scenario', ...words, ...(words.includes('--reports') ? [] : ['--reports', workshop.reports])]
  const { code: exitCode, stderr, stdout } = await finish(from ? workshop.startAt(from, ...all) : workshop.start(...all))
  expect(exitCode, `${stderr}${stdout}`).toBe(254)
  expect(stderr).toContain(`${code}: `)
  expect(stderr.slice(stderr.indexOf(`${code}: `))).toMatch(hint)
  expect(stderr).not.toMatch(/bug of ours|node:internal/)
  expect(leases()).toEqual([])
  // Whatever the command started has its temporary directory in the environment.
  expect(processesWith('TMPDIR', workshop.temporary).map(({ command }) => command)).toEqual([])
}

function leases(): string[] {
  const folders = readdirSync(workshop.temporary).filter((name) => name.startsWith('stampede-'))
  return folders.flatMap((name) => readdirSync(path.join(workshop.temporary, name)))
}

test.each([
  [['runaway-lop'], 'UNKNOWN_SCENARIO', /did you mean runaway-loop\?/],
  [['runaway-loop', '--weaken', 'no-agent-limits'], 'UNKNOWN_WEAKNESS', /did you mean no-agent-limit\?/],
  [['runaway-loop', '--seed', 'x'], 'BAD_OPTION', /"x".*0 to 4294967295/s],
  [['runaway-loop', '--target', 'referense'], 'UNKNOWN_TARGET', /did you mean reference\?/],
  [['runaway-loop', '--target', './nowhere.ts'], 'TARGET_NOT_FOUND', /nowhere\.ts/],
  [['./nowhere.ts'], 'SCENARIO_NOT_FOUND', /nowhere\.ts/],
  [['runaway-loop', '--k6', '/nowhere/k6'], 'K6_NOT_FOUND', /k6/],
  [['runaway-loop', '--redis', 'redis://127.0.0.1:1'], 'DEPENDENCY_DOWN', /127\.0\.0\.1:1, where redis should be[\s\S]*leave --redis out/],
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
  await refused(
    [short, '--target', targetFile('unbreakable.ts', `{ url: 'http://127.0.0.1:1/mcp', ${cheapRead} }`)],
    'FAULT_NOT_POSSIBLE',
    /dependencies: \{ postgres:/,
  )
  await refused([short, '--target', targetFile('no-role.ts', "{ url: 'http://127.0.0.1:1/mcp' }")], 'ROLE_MISSING', /cheapRead/)
  await refused(
    [calm, '--target', targetFile('down.ts', `{ url: 'http://127.0.0.1:1/mcp', ${cheapRead} }`)],
    'TARGET_DOWN',
    /start the server/,
  )
  const answering = (status: number) => `{ url: ({ ports }) => \`http://127.0.0.1:\${ports.server}/mcp\`, ${cheapRead}, start: {
    command: 'node -e "require(\\'http\\').createServer((q, r) => { r.statusCode = q.url === \\'/health\\' ? 200 : ${status}; r.end(\\'hello\\') }).listen(process.env.PORT, \\'127.0.0.1\\')"',
    env: ({ ports }) => ({ PORT: String(ports.server) }), ready: '/health' } }`
  await refused([calm, '--target', targetFile('not-mcp.ts', answering(200))], 'TARGET_NOT_MCP', /Streamable HTTP/)
  await refused([calm, '--target', targetFile('token.ts', answering(401))], 'TARGET_WANTS_TOKEN', /authorization/)
})

test('a server that does not start says so in its own words', async () => {
  const dies = `{ url: 'http://127.0.0.1:1/mcp', ${cheapRead}, start: { command: 'echo my own words >&2; exit 3', ready: '/health' } }`
  await refused([calm, '--target', targetFile('dies.ts', dies)], 'SERVER_DID_NOT_START', /my own words/)
})

test('a scenario whose personas come from another copy of this program', async () => {
  await refused([bareCheckout(mkdtempSync(path.join(workshop.folder, 'copy-'))).short], 'STRANGE_PERSONA', /scenarios\/personas/)
})

test.each([
  ['agents.headers', "agents: { headers: () => { throw new Error('no token') } }", 'TARGET_THREW', /no token[\s\S]*agents\.headers/],
  ['agents.headers', "agents: { headers: () => ({ authorization: 'Bearer x\\n' }) }", 'TARGET_INVALID', /authorization[\s\S]*trim/],
  ['declared', "declared: () => { throw new Error('oh') }", 'TARGET_THREW', /declared/],
  ['agents.tenant', "agents: { tenant: () => { throw new Error('oh') } }", 'TARGET_THREW', /agents\.tenant/],
  ['sloMs', "tools: { cheapRead: { name: 'list_notes', sloMs: -5 } }", 'TARGET_INVALID', /sloMs is -5/],
  ['correct', "tools: { cheapRead: { name: 'list_notes', correct: [{ at: 'result', is: 'array' }] } }", 'TARGET_INVALID', /"\/result"/],
])('a target whose %s is wrong: %s', async (_, line, code, hint) => {
  const rest = line.startsWith('tools') ? '' : `${cheapRead},`
  await refused([calm, '--target', targetFile('wrong.ts', `{ url: 'http://127.0.0.1:1/mcp', ${rest} ${line} }`)], code, hint)
})

/** A scenario with one fleet entry, on its fifth line. */
function scenarioFile(entry: string): string {
  const names = ['steady', 'bursty', 'intruder']
  return written(
    'wrong-fleet.ts',
    `import { scenario } from '${ROOT}/harness/scenario.ts'
${names.map((name) => `import { ${name} } from '${ROOT}/scenarios/personas/${name}.ts'`).join('; ')}
const phases = { warmUpS: 1, steadyS: 2, stressS: 2, recoveryS: 2 }
export default scenario({ story: 'x', source: 'x', phases: { quick: phases, full: phases }, checks: [], essential: [], fleet: [
  ${entry},
] })
`,
  )
}

test.each([
  ['no agents', "steady({ agents: 0, role: 'cheapRead' })", 'SCENARIO_INVALID', /with 0 agents .*:5\)/],
  ['a negative think time', "bursty({ agents: 1, role: 'cheapRead', thinkMs: -5 })", 'PARAMETER_INVALID', /thinkMs is -5 .*:5\)/],
  ['a parameter that it has not', "steady({ agents: 1, role: 'cheapRead', evryMs: 5 })", 'PARAMETER_INVALID', /evryMs.*:5\)/],
  [
    'a burst under the clock',
    "steady({ agents: 1, role: 'cheapRead', arrivals: { kind: 'bursts', dispersion: 2, burstMs: 0.5 } })",
    'ARRIVALS_INVALID',
    /bursts of 0\.5 ms are under the clock's resolution .*:5\)/,
  ],
])('a scenario with %s: refused with its line', async (_, entry, code, line) => {
  await refused([scenarioFile(entry)], code, line)
})

test.each([
  ['a role that the target lacks', "steady({ agents: 1, role: 'money' })", 'ROLE_MISSING', /money \(asked for by steady, .*:5\)/],
  ['credentials that it does not mint', "intruder({ agents: 1, role: 'cheapRead' })", 'CREDENTIAL_MISSING', /wrong-scope .*:5\)/],
  ['more calls than its cap', "steady({ agents: 40, role: 'cheapRead', everyMs: 20 })", 'CAP_EXCEEDED', /by steady \(.*:5\)/],
])('a scenario that asks a target for %s: refused with its line', async (_, entry, code, line) => {
  const far = `{ url: 'https://far.example.com/mcp', safety: { hosts: ['far.example.com'] }, ${cheapRead} }`
  await refused([scenarioFile(entry), '--target', targetFile('far.ts', far)], code, line)
})

test.each([
  ['langchian:3', 'UNKNOWN_PERSONA', /did you mean langchain\?/],
  ['langchain', 'BAD_OPTION', /--fleet takes ids and numbers/],
])('--fleet %s is %s', async (fleet, code, hint) => {
  await refused([short, '--fleet', fleet], code, hint)
})

test('a study of a target or a weakness that is not there leaves no folder', async () => {
  for (const [option, code] of [
    ['--target', 'UNKNOWN_TARGET'],
    ['--weaken', 'UNKNOWN_WEAKNESS'],
  ] as const) {
    const studied = await workshop.cli('study', 'capacity', option, 'nowhere', '--reports', workshop.reports)
    expect(studied).toMatchObject({ code: 254, stderr: expect.stringContaining(`${code}: `) })
  }
  expect(existsSync(path.join(workshop.reports, 'study'))).toBe(false)
})

test('with --json, the last line on stdout says it too', async () => {
  const { code, stdout } = await workshop.cli('scenario', 'runaway-lop', '--json')
  expect(code).toBe(254)
  expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    exitCode: 254,
    code: 'UNKNOWN_SCENARIO',
    hint: expect.any(String),
  })
})

test('a host that is not this machine must be named', async () => {
  await refused(
    [calm, '--target', targetFile('far.ts', `{ url: 'https://staging.example.com/mcp', ${cheapRead} }`)],
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
  await refused([short, '--reports', written('a-file', '')], 'REPORTS_NOT_WRITABLE', /--reports/)
})

test('a disk that is full while the verdicts are written', async () => {
  const folder = mkdtempSync(path.join(workshop.folder, 'full-'))
  unpackSample('held', folder)
  rmSync(path.join(folder, 'verdicts.json'))
  symlinkSync('/dev/full', path.join(folder, 'verdicts.json'))
  const { code, stderr } = await workshop.cli('judge', folder)
  expect(code).toBe(254)
  expect(stderr).toMatch(/DISK_FULL.*free some space/s)
})

describe('a machine where something cannot be had', () => {
  const bare = bareCheckout(workshop.folder)
  // No way out to a network: nothing listens there.
  const nowhere = { ...bare, STAMPEDE_K6_DOWNLOADS: 'http://127.0.0.1:1' }
  const withK6 = { ...bare, K6_BIN: path.join(ROOT, '.tools/k6-2.2.0') }
  // Postgres wants to know the users of this machine.
  const withTools = { ...withK6, PATH: process.env.PATH ?? '' }

  test('no k6 and no Go', async () => {
    await refused([bare.short], 'K6_NOT_FOUND', /go|K6_BIN/i, nowhere)
  })

  test('no Redis to be had', async () => {
    await refused([bare.short], 'REDIS_NOT_FOUND', /apt|brew/, withK6)
  })

  test('no Postgres for this platform, and one that refuses', async () => {
    const target = targetFile('only-postgres.ts', `{ url: 'http://127.0.0.1:1/mcp', ${cheapRead}, dependencies: { postgres: 'embedded' } }`)
    await refused([bare.short, '--target', target], 'POSTGRES_NOT_FOUND', /npm ci/, withTools)
    using _refusing = refusingPostgres(bare, 'Disk quota exceeded')
    await refused([bare.short, '--target', target], 'POSTGRES_DID_NOT_START', /Disk quota exceeded/, withTools)
  })
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
