// What every driver must do alike, against a small server of the test's own, which answers well, refuses, hangs and resets.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Driver, DriverOptions } from './driver.ts'
import { ToolServer } from './fixtures/tool-server.ts'
import { linesThatLack, World } from './fixtures/world.ts'
import { k6Driver } from './k6/start.ts'
import { undiciDriver } from './undici/start.ts'

let world: World
let server: ToolServer

beforeEach(async () => {
  world = await World.open()
  server = await ToolServer.listen()
})

afterEach(async () => {
  expect(server.flaws).toEqual([])
  await server.close()
  await world[Symbol.asyncDispose]()
})

const steady = (agents: number, everyMs: number) => ({ persona: 'steady', agents, role: 'cheapRead' as const, parameters: { everyMs } })

describe.each<[string, Driver]>([
  ['k6', k6Driver],
  ['undici', undiciDriver],
])('%s', (_, driver) => {
  test('every call is in the history and at the server, once; a persona that throws says so', async () => {
    await world.addPersona('thrower', `async act(agent, task) { await agent.call(task.calls[0]); throw new Error('lost its mind') }`)
    const plan = world.plan([
      steady(17, 300),
      { persona: 'impatient', agents: 2, role: 'write', parameters: { everyMs: 400, timeoutMs: 200, pauseMs: 100 } },
      { persona: 'runaway-loop', agents: 1, role: 'cheapRead', parameters: { atOnce: 5, pauseMs: 100 } },
      { persona: 'thrower', agents: 1, role: 'cheapRead' },
    ])
    server.answers = ['ok', 'ok', 'refuse', 'hang', 'reset', 'stream']
    const generated = await world.generate(driver, plan, server.url)
    const { lines, sends, ends, exitCode } = generated
    expect(exitCode).toBe(0)
    expect(sends.length).toBeGreaterThan(150)
    expect(lines[0]).toMatchObject({ kind: 'start' })
    expect(lines.filter((line) => line.kind === 'start')).toHaveLength(1)
    expect(linesThatLack(generated, plan)).toEqual([expect.stringContaining('lost its mind')])
    expect(lines.filter((line) => line.kind === 'crash')).toMatchObject([{ agent: 'thrower-01', task: 't1' }])

    // The generator's calls = distinct ids at the server; and no POST was sent twice behind our back.
    expect(server.seen.size).toBe(sends.length)
    expect([...server.seen.values()].filter((times) => times > 1)).toEqual([])
    expect(ends.size).toBe(sends.length)

    const byTransport = Map.groupBy(ends.values(), ({ transport, status }) => transport ?? String(status))
    for (const kind of ['200', '429', 'timeout', 'reset']) expect(byTransport.get(kind)?.length, kind).toBeGreaterThan(5)
    const [refusal] = byTransport.get('429') ?? []
    expect(refusal).toMatchObject({
      retryAfter: '1',
      rpcCode: 42901,
      rpcId: refusal?.call,
      parsed: true,
      data: { retryAfterMs: 200 },
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
    const keys = new Map(server.heard.map(({ id, key }) => [id, key]))
    for (const { call, key } of sends) expect(keys.get(call)).toBe(key)
    expectPunctual(generated.sends)
  })

  test('stopped early, calls under way keep a line without an end, and no process is left', async () => {
    // Longer than the stop may take: no call times out by itself meanwhile.
    const plan = { ...world.plan([steady(4, 200)]), patienceMs: 10_000 }
    server.answers = ['hang']
    const generator = await driver.prepare(await world.options(plan, server.url))
    await generator.begin()
    await server.calls(4)
    await generator.stop()
    await generator.stop()
    const { sends, ends } = await world.read()
    expect(sends.length).toBeGreaterThanOrEqual(4)
    expect(ends.size).toBe(0)
    for (const pid of generator.pids) expect(() => process.kill(pid, 0)).toThrow()
  })

  test('killed in the middle, what it had sent is on disk', async () => {
    const generator = await driver.prepare(await world.options(world.plan([steady(10, 100)], { steadyS: 20 }), server.url))
    await generator.begin()
    await server.calls(50)
    for (const pid of generator.pids) process.kill(pid, 'SIGKILL')
    expect(await generator.ended).toMatchObject({ exitCode: null })
    const { sends, lines } = await world.read(true)
    const written = new Set(sends.map(({ call }) => call))
    // One turn of its event loop at most.
    expect([...server.seen.keys()].filter((id) => !written.has(id)).length).toBeLessThanOrEqual(10)
    expect(lines.filter((line) => line.kind === 'stop')).toEqual([])
  })

  test('two that share a plan send all of it, each call once', async () => {
    const plan = world.plan([
      steady(9, 200),
      { persona: 'bursty', agents: 2, role: 'cheapRead', parameters: { everyMs: 500, thinkMs: 50 } },
    ])
    const generated = await world.generate(driver, plan, server.url, { generators: 2 })
    expect(await readdir(path.join(world.folder, 'raw'))).toEqual(['load-1.ndjson', 'load-2.ndjson'])
    expect(linesThatLack(generated, plan)).toEqual([])
    expect(generated.lines.filter((line) => line.kind === 'start')).toHaveLength(2)
    expect(new Set(generated.sends.map(({ agent }) => agent)).size).toBe(11)
    expect(generated.sends.filter(({ agent }) => agent.startsWith('steady')).length).toBe(
      plan.agents.filter(({ persona }) => persona === 'steady').reduce((sum, { tasks }) => sum + tasks.length, 0),
    )
    expect([...server.seen.values()].every((times) => times === 1)).toBe(true)
    expect(server.seen.size).toBe(generated.sends.length)
  })

  test('a token is in no file, argument or environment, and crosses no border', async () => {
    await world.addPersona('thrower', `async act(agent, task) { await agent.call(task.calls[0]); throw new Error('lost its mind') }`)
    const plan = world.plan([{ persona: 'thrower', agents: 1, role: 'cheapRead' }, steady(1, 100)])
    const options = await world.options(plan, server.url)
    const change = { headers: [1, 2].map((n) => ({ authorization: `Bearer secret-${n}` })), hostHeader: 'mcp.example' }
    await using generator = await driver.prepare({ ...options, ...change })
    for (const pid of generator.pids)
      for (const file of ['cmdline', 'environ']) expect(await readFile(`/proc/${pid}/${file}`, 'utf8')).not.toContain('secret')
    await generator.begin()
    await server.calls(8)
    // As a crash would.
    for (const pid of generator.pids) process.kill(pid, 'SIGQUIT')
    await generator.ended
    const given = server.heard.map(({ headers }) => headers)
    expect(new Set(given.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer secret-1', 'Bearer secret-2']))
    expect(new Set(given.map(({ host }) => host))).toEqual(new Set(['mcp.example']))
    for (const file of await readdir(world.folder, { recursive: true, withFileTypes: true }))
      if (file.isFile()) expect(await readFile(path.join(file.parentPath, file.name), 'utf8'), file.name).not.toContain('secret-')
  })

  test('what the agents cannot do is refused before anything starts', async () => {
    const plan = world.plan([steady(1, 500)])
    const options = await world.options(plan, server.url)
    const refusal = (change: Partial<DriverOptions>) => driver.prepare({ ...options, ...change }).catch((error: unknown) => error)
    const hint = expect.stringContaining('idempotencyKey')
    expect(await refusal({ headers: [{ 'X-Idempotency-Key': 'x' }] })).toMatchObject({ code: 'HEADER_FORBIDDEN', hint })
    expect(await refusal({ plan: { ...plan, agents: [] } })).toMatchObject({ code: 'SCENARIO_INVALID' })
    const nowhere = path.join(world.folder, 'nowhere')
    const message = expect.stringContaining('nowhere')
    expect(await refusal({ rawFolder: nowhere })).toMatchObject({ code: 'LOAD_DID_NOT_START', message })
    expect(await refusal({ signal: AbortSignal.abort() })).toMatchObject({ name: 'AbortError' })
    expect(await readdir(options.keeper.folder)).not.toContain('load-facts.json')
    expect(server.seen.size).toBe(0)
  })
})

function expectPunctual(sends: { agent: string; sentAtMs: number; plannedAtMs: number }[]): void {
  const late = sends.filter(({ agent }) => agent.startsWith('steady')).map(({ sentAtMs, plannedAtMs }) => sentAtMs - plannedAtMs)
  const sorted = late.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
  expect(at(0)).toBeGreaterThanOrEqual(0)
  // What a busy machine does is load-offered's to judge.
  expect(at(0.99)).toBeLessThan(1_000)
}
