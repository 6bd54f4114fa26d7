// Real k6 against a small server of the test's own, which answers well, refuses, hangs and resets in turn.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ensureK6 } from '../../../setup.mjs'
import { discover, Units } from '../../discover.ts'
import { freePort } from '../../environment/free-port.ts'
import { HarnessError } from '../../errors.ts'
import type { EndLine, LoadLine, SendLine } from '../../history/event.ts'
import type { PersonaDefinition } from '../../persona.ts'
import { makePlan } from '../../plan/make.ts'
import type { Plan } from '../../plan/plan.ts'
import { planText } from '../../plan/text.ts'
import { scenario } from '../../scenario.ts'
import { target } from '../../target.ts'
import type { DriverOptions } from '../driver.ts'
import { k6Driver } from './start.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const harnessPersona = path.join(root, 'harness/persona.ts')

let folder: string
let server: ToolServer
let personas: Units<PersonaDefinition>

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-load-'))
  for (const name of ['raw', 'logs', 'keep', 'personas']) await mkdir(path.join(folder, name))
  server = await ToolServer.listen()
  personas = await discover<PersonaDefinition>('persona', path.join(root, 'scenarios/personas'))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

test('every call of 20 agents is in the history and at the server, once', async () => {
  const plan = planOf([
    { persona: 'steady', agents: 17, role: 'cheapRead', parameters: { everyMs: 400 } },
    { persona: 'impatient', agents: 2, role: 'write', parameters: { everyMs: 700, timeoutMs: 300, pauseMs: 100 } },
    { persona: 'runaway-loop', agents: 1, role: 'cheapRead', parameters: { atOnce: 5, pauseMs: 100 } },
  ])
  server.answers = ['ok', 'ok', 'refuse', 'hang', 'reset', 'stream']
  const { lines, exitCode, maxRssBytes } = await generate(plan)

  expect(exitCode).toBe(0)
  const { sends, ends } = joined(lines)
  expect(sends.length).toBeGreaterThan(200)
  expect(lines[0]).toMatchObject({ kind: 'start' })
  expect(lines.filter((line) => line.kind === 'start')).toHaveLength(1)
  const stops = lines.filter((line) => line.kind === 'stop')
  expect(stops).toHaveLength(20)
  expect(stops.reduce((sum, { callsSent }) => sum + callsSent, 0)).toBe(sends.length)
  expect(lines.filter((line) => line.kind === 'crash')).toEqual([])
  expectWholeSequences(lines)

  // The generator's calls = distinct ids at the server; and no POST was sent twice behind our back.
  const reached = sends.filter(({ call }) => !['refused', 'dns', 'tls'].includes(ends.get(call)?.transport ?? ''))
  expect(server.seen.size).toBe(reached.length)
  expect([...server.seen.values()].filter((times) => times > 1)).toEqual([])
  expect(ends.size).toBe(sends.length)

  const byTransport = Map.groupBy(ends.values(), ({ transport, status }) => transport ?? String(status))
  for (const kind of ['200', '429', 'timeout', 'reset']) expect(byTransport.get(kind)?.length, kind).toBeGreaterThan(5)
  const [refusal] = byTransport.get('429') ?? []
  expect(refusal).toMatchObject({
    retryAfter: '2',
    rpcCode: 42901,
    rpcId: refusal?.call,
    parsed: true,
    data: { retryAfterMs: 2_000 },
    instance: 'one',
  })
  const streamed = [...ends.values()].find(({ contentType }) => contentType?.startsWith('text/event-stream'))
  expect(streamed).toMatchObject({ status: 200, isError: false, correct: true, parsed: true })

  const again = sends.filter(({ attempt }) => attempt > 1)
  expect(again.length).toBeGreaterThan(3)
  for (const call of again) {
    const before = sends.find(({ call: id }) => id === call.parent)
    expect(before).toMatchObject({ key: call.key, agent: call.agent, attempt: call.attempt - 1, trace: call.trace })
    expect(call.plannedAtMs).toBeGreaterThanOrEqual((ends.get(call.parent ?? '')?.endedAtMs ?? Number.POSITIVE_INFINITY) + 100)
  }
  for (const { call, key } of sends) expect(server.keys.get(call)).toBe(key)

  const steady = sends.filter(({ agent }) => agent.startsWith('steady')).map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs)
  const lateness = steady.sort((a, b) => a - b)
  const at = (share: number) => lateness[Math.floor((lateness.length - 1) * share)] ?? Number.NaN
  console.log(
    `lateness ms: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}; ${sends.length} calls; k6 ${Math.round((maxRssBytes ?? 0) / 1e6)} MB`,
  )
  expect(lateness[0]).toBeGreaterThanOrEqual(0)
  expect(at(0.99)).toBeLessThan(250)
})

test('an agent whose persona throws says so, and the others go on', async () => {
  await writePersona('thrower', `async act(agent, task) { await agent.call(task.calls[0]); throw new Error('lost its mind') }`)
  const plan = planOf([
    { persona: 'thrower', agents: 1, role: 'cheapRead', parameters: {} },
    { persona: 'steady', agents: 2, role: 'cheapRead', parameters: {} },
  ])
  const { lines } = await generate(plan)
  const crashes = lines.filter((line) => line.kind === 'crash')
  expect(crashes).toHaveLength(1)
  expect(crashes[0]).toMatchObject({ agent: 'thrower-01', task: 't1', text: expect.stringContaining('lost its mind') })
  expect(lines.filter((line) => line.kind === 'stop')).toHaveLength(3)
  expectWholeSequences(lines)
})

test('stopped early, calls under way keep a line without an end, and no process is left', async () => {
  // Longer than the stop may take: no call times out by itself meanwhile.
  const plan = { ...planOf([{ persona: 'steady', agents: 4, role: 'cheapRead', parameters: { everyMs: 200 } }]), patienceMs: 10_000 }
  server.answers = ['hang']
  const generator = await k6Driver.prepare(await optionsOf(plan))
  await generator.begin()
  await server.calls(4)
  await generator.stop()
  await generator.stop()
  const { sends, ends } = joined(await readLines())
  expect(sends.length).toBeGreaterThanOrEqual(4)
  expect(ends.size).toBe(0)
  expect(() => process.kill(generator.pids[0] ?? 0, 0)).toThrow()
})

test('it is told where to listen for its control: a port that no outgoing connection takes', async () => {
  const options = await optionsOf(planOf([{ persona: 'steady', agents: 1, role: 'cheapRead', parameters: {} }]))
  await using _ = await k6Driver.prepare(options)
  const response = await fetch(`http://127.0.0.1:${options.controlPort}/v1/status`)
  expect(await response.json()).toMatchObject({ data: { attributes: { paused: true } } })
})

test('tokens are in no argument and no environment, and their file is gone once k6 has read it', async () => {
  vi.stubEnv('K6_HTTP_DEBUG', 'full')
  const plan = planOf([{ persona: 'steady', agents: 2, role: 'cheapRead', parameters: {} }])
  const options = await optionsOf(plan)
  options.headers = [{ authorization: 'Bearer secret-1' }, { authorization: 'Bearer secret-2' }]
  options.hostHeader = 'mcp.example'
  await using generator = await k6Driver.prepare(options)
  expect(await readdir(options.keeper.folder)).toEqual(['k6-config.json', 'load.js'])
  for (const file of ['cmdline', 'environ']) expect(await readFile(`/proc/${generator.pids[0]}/${file}`, 'utf8')).not.toContain('secret')
  expect(await readFile(`/proc/${generator.pids[0]}/environ`, 'utf8')).not.toContain('K6_HTTP_DEBUG')
  await generator.begin()
  await server.calls(8)
  await generator.stop()
  expect(server.tokens).toEqual(new Set(['Bearer secret-1', 'Bearer secret-2']))
  expect(server.hosts).toEqual(new Set(['mcp.example']))
  for (const name of ['raw/load.ndjson', 'keep/load.js']) expect(await readFile(path.join(folder, name), 'utf8')).not.toContain('secret')
})

test('a persona that k6 cannot take is refused before anything starts', async () => {
  await writePersona('stranger', `async act() { new URL('http://x') }`, `const here = new URL('http://x')\nglobalThis.here = here`)
  const plan = planOf([{ persona: 'stranger', agents: 1, role: 'cheapRead', parameters: {} }])
  const refused = await k6Driver.prepare(await optionsOf(plan)).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(HarnessError)
  expect(refused).toMatchObject({ code: 'LOAD_BUNDLE_REFUSED', message: expect.stringContaining('URL') })
  expect(server.seen.size).toBe(0)
})

test('what the agents cannot do is refused before anything starts', async () => {
  const plan = planOf([{ persona: 'steady', agents: 1, role: 'cheapRead', parameters: {} }])
  const options = await optionsOf(plan)
  const refusal = (change: Partial<DriverOptions>) => k6Driver.prepare({ ...options, ...change }).catch((error: unknown) => error)
  expect(await refusal({ headers: [{ 'X-Idempotency-Key': 'x' }] })).toMatchObject({
    code: 'HEADER_FORBIDDEN',
    hint: expect.stringContaining('idempotencyKey'),
  })
  expect(await refusal({ plan: { ...plan, agents: [] } })).toMatchObject({ code: 'SCENARIO_INVALID' })
  expect(await refusal({ rawFolder: path.join(folder, 'nowhere') })).toMatchObject({
    code: 'LOAD_DID_NOT_START',
    message: expect.stringContaining('nowhere'),
  })
  expect(await refusal({ signal: AbortSignal.abort() })).toMatchObject({ name: 'AbortError' })
  expect(await readdir(options.keeper.folder)).not.toContain('load-facts.json')
})

test("the agents' program stays small", async () => {
  const plan = planOf(
    ['steady', 'bursty', 'impatient', 'runaway-loop'].map((persona) => ({
      persona,
      agents: 1,
      role: 'cheapRead' as const,
      parameters: {},
    })),
  )
  await using _ = await k6Driver.prepare(await optionsOf(plan))
  const { size } = await stat(path.join(folder, 'keep/load.js'))
  const text = await readFile(path.join(folder, 'keep/load.js'), 'utf8')
  const code = text.slice(0, text.lastIndexOf('\n//# sourceMappingURL='))
  console.log(`program: ${code.length} bytes of code, ${size} with its source map`)
  expect(code.length).toBeLessThan(50_000)
})

// ---- the test's own world ------------------------------------------------------------------------------------------

interface Member {
  persona: string
  agents: number
  role: 'cheapRead' | 'write'
  parameters: Record<string, number | string>
}

function planOf(fleet: Member[], seed = 7): Plan {
  const value = scenario({
    story: 'test',
    source: 'test',
    phases: { quick: { warmUpS: 1, steadyS: 2, stressS: 1, recoveryS: 1 }, full: { warmUpS: 1, steadyS: 2, stressS: 1, recoveryS: 1 } },
    fleet: fleet.map(({ persona, agents, role, parameters }) => ({
      persona: personas.get(persona).value,
      membership: { agents, role },
      parameters,
    })),
    checks: [],
    essential: [],
  })
  const against = target({
    url: server.url,
    tools: {
      cheapRead: {
        name: 'list',
        arguments: (draw) => ({ page: draw.int(1, 9) }),
        correct: [{ at: '/structuredContent/page', equals: '/arguments/page' }],
      },
      write: { name: 'make', arguments: (draw) => ({ name: draw.word() }), idempotencyKey: { argument: 'requestId' } },
    },
  })
  const unit = <T>(id: string, item: T) => ({ id, path: '', exportName: 'default', value: item })
  const plan = makePlan({
    scenario: unit('test', value),
    target: unit('test', against),
    personas,
    faults: new Units('fault', []),
    checks: new Units('check', []),
    seed,
    scale: 'quick',
    protocol: '2026-07-28',
  })
  return { ...plan, patienceMs: 1_000 }
}

async function optionsOf(plan: Plan): Promise<DriverOptions> {
  const planFile = path.join(folder, 'plan.json')
  await writeFile(planFile, planText(plan))
  return {
    plan,
    planFile,
    personas,
    url: server.url,
    headers: plan.agents.map(() => ({})),
    instanceHeader: 'x-instance',
    run: 'r1',
    seed: plan.seed,
    rawFolder: path.join(folder, 'raw'),
    logFolder: path.join(folder, 'logs'),
    k6Path: await ensureK6(),
    controlPort: await freePort(),
    share: { part: 0, of: 1 },
    keeper: { run: 'r1', folder: path.join(folder, 'keep'), process: () => undefined },
    signal: AbortSignal.timeout(60_000),
  }
}

async function generate(plan: Plan) {
  await using generator = await k6Driver.prepare(await optionsOf(plan))
  await generator.begin()
  const end = await generator.ended
  return { ...end, lines: await readLines() }
}

async function readLines(): Promise<LoadLine[]> {
  const text = await readFile(path.join(folder, 'raw/load.ndjson'), 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LoadLine)
}

function joined(lines: LoadLine[]): { sends: SendLine[]; ends: Map<string, EndLine> } {
  const sends = lines.filter((line) => line.kind === 'send')
  const ends = lines.filter((line) => line.kind === 'end')
  return { sends, ends: new Map(ends.map((line) => [line.call, line])) }
}

function expectWholeSequences(lines: LoadLine[]): void {
  const ofAgents = lines.filter((line) => line.kind !== 'start')
  for (const [agent, own] of Map.groupBy(ofAgents, (line) => line.agent)) {
    expect(
      own.map(({ seq }) => seq),
      agent,
    ).toEqual(own.map((_, position) => position + 1))
  }
}

async function writePersona(id: string, act: string, before = ''): Promise<void> {
  const file = path.join(folder, 'personas', `${id}.ts`)
  const definition = `summary: 'x', source: 'x', parameters: {}, tasks: (_draw, _parameters, span) => [{ atMs: span.fromMs, calls: [{ turn: 1, thinkMs: 0 }] }]`
  // Discovered without running it: what is wrong with it must come to light in k6.
  await writeFile(
    file,
    `import { persona } from ${JSON.stringify(harnessPersona)}\n${before}\nexport const it = persona({ ${definition}, ${act} })\n`,
  )
  const value = {
    kind: 'persona',
    summary: 'x',
    source: 'x',
    hostile: false,
    parameters: {},
    tasks: (_draw: unknown, _parameters: unknown, span: { fromMs: number }) => [{ atMs: span.fromMs, calls: [{ turn: 1, thinkMs: 0 }] }],
    act: () => Promise.reject(new Error('runs in k6 only')),
  } as PersonaDefinition
  personas = new Units('persona', [...personas.all, { id, path: file, exportName: 'it', value }])
}

type Way = 'ok' | 'refuse' | 'hang' | 'reset' | 'stream'

/** Answers in turn, in the ways it is told, and remembers every call id and key that reached it. */
class ToolServer {
  answers: Way[] = ['ok']
  readonly seen = new Map<string, number>()
  readonly keys = new Map<string, unknown>()
  readonly tokens = new Set<string>()
  readonly hosts = new Set<string>()
  readonly #server: Server
  /** Each tool takes its own turns: how often a write is lost must not depend on how reads fall between. */
  readonly #turns = new Map<string, number>()
  #waiting: { count: number; resolve: () => void }[] = []

  private constructor(server: Server) {
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      let text = ''
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      request.on('end', () => this.#take(request, response, text))
      request.on('error', () => undefined)
    })
  }

  static async listen(): Promise<ToolServer> {
    const server = createServer({ keepAliveTimeout: 60_000 })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ToolServer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  /** Resolves once so many calls have come. */
  calls(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve })
      this.#tell()
    })
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #take(request: IncomingMessage, response: ServerResponse, text: string): void {
    const { id, params } = JSON.parse(text) as { id: string; params: { name: string; arguments: { page?: number; requestId?: string } } }
    expect(request.headers['x-request-id']).toBe(id)
    expect(request.headers['mcp-name']).toBe(params.name)
    expect(request.headers['idempotency-key']).toBeUndefined()
    this.seen.set(id, (this.seen.get(id) ?? 0) + 1)
    this.keys.set(id, params.arguments.requestId)
    if (request.headers.authorization) this.tokens.add(request.headers.authorization)
    this.hosts.add(request.headers.host ?? '')
    const turn = this.#turns.get(params.name) ?? 0
    this.#turns.set(params.name, turn + 1)
    const way = this.answers[turn % this.answers.length] ?? 'ok'
    const result = { content: [{ type: 'text', text: 'fine' }], structuredContent: { page: params.arguments.page }, resultType: 'complete' }
    const answer = JSON.stringify({ jsonrpc: '2.0', id, result })
    if (way === 'ok') response.writeHead(200, { 'content-type': 'application/json', 'x-instance': 'one' }).end(answer)
    if (way === 'stream') response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`event: message\ndata: ${answer}\n\n`)
    if (way === 'reset') request.socket.resetAndDestroy()
    if (way === 'refuse') {
      const error = { code: 42901, message: 'Wait 2 s.', data: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 2_000 } }
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '2', 'x-instance': 'one' })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, error }))
    }
    this.#tell()
  }

  #tell(): void {
    this.#waiting = this.#waiting.filter(({ count, resolve }) => {
      if (this.seen.size < count) return true
      resolve()
      return false
    })
  }
}
