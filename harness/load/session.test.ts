import { expect, test } from 'vitest'
import type { Agent } from '../persona.ts'
import type { PlannedTask } from '../plan/plan.ts'
import { live } from './fixtures/lone-agent.ts'
import { type Reply, VirtualEngine } from './fixtures/virtual-engine.ts'

interface Sent {
  method: string
  headers: Record<string, string>
  atMs: number
  id?: string
}

/** An agent of the sessions' era with one call a task, against a server that gives session after session. */
async function followed(
  act: (agent: Agent, task: PlannedTask) => Promise<unknown>,
  {
    tasks = [0],
    reply = () => undefined,
    timeoutMs,
  }: { tasks?: number[]; reply?: (sent: Sent, n: number) => Reply | undefined; timeoutMs?: number } = {},
) {
  const sent: Sent[] = []
  let sessions = 0
  const engine = new VirtualEngine(({ headers, body }) => {
    const { method, id } = JSON.parse(body) as { method: string; id?: string }
    const one = { method, headers, atMs: engine.nowMs(), ...(id !== undefined && { id }) }
    sent.push(one)
    const own = reply(one, sent.length - 1)
    if (own) return own
    if (id === undefined) return { afterMs: 5, status: 202 }
    return { afterMs: 10, headers: method === 'initialize' ? { 'mcp-session-id': `s${++sessions}` } : {} }
  })
  const calls = [{ turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }]
  const planned = tasks.map((atMs, n) => ({ task: `t${n + 1}`, atMs, calls }))
  const roles = { cheapRead: { tool: 'look', sloMs: 500, needs: [], correct: [] } }
  await live(engine, act, planned, { protocol: '2025-11-25', roles, ...(timeoutMs !== undefined && { patienceMs: timeoutMs }) })
  expect(engine.lines.at(-1)).toMatchObject({ kind: 'stop', callsSent: engine.requests.length })
  return { engine, sent }
}

const once = (agent: Agent, { calls }: PlannedTask) => agent.call(calls[0] as PlannedTask['calls'][number])

test('the first call opens a session, those that come meanwhile wait for it, and all belong to it', async () => {
  const { engine, sent } = await followed(once, { tasks: [100, 104, 300] })
  expect(sent.map(({ method, headers, atMs }) => [method, headers['Mcp-Session-Id'], atMs])).toEqual([
    ['initialize', undefined, 100],
    ['notifications/initialized', 's1', 110],
    ['tools/call', 's1', 115],
    ['tools/call', 's1', 115],
    ['tools/call', 's1', 300],
  ])
  expect(engine.sends.map(({ role, tool, plannedAtMs }) => [role, tool, plannedAtMs])).toEqual([
    ['handshake', 'initialize', 100],
    ['handshake', 'notifications/initialized', 110],
    ['cheapRead', 'look', 115],
    ['cheapRead', 'look', 115],
    ['cheapRead', 'look', 300],
  ])
})

test('a call whose handshake is refused is not made; asking again tries the handshake again', async () => {
  const act = async (agent: Agent, task: PlannedTask) => {
    const first = await once(agent, task)
    expect(first).toMatchObject({ ok: false, refused: true, status: 429, attempt: 0, retryAfterMs: 2_000 })
    await agent.think(50)
    expect(await agent.again(first)).toMatchObject({ ok: true, attempt: 1 })
  }
  const { engine } = await followed(act, {
    reply: (_, n) => (n === 0 ? { afterMs: 10, status: 429, headers: { 'retry-after': '2' } } : undefined),
  })
  expect(engine.lines.filter(({ kind }) => kind === 'crash')).toEqual([])
  expect(engine.sends.map(({ tool, attempt, parent }) => [tool, attempt, parent])).toEqual([
    ['initialize', 1, undefined],
    ['initialize', 1, undefined],
    ['notifications/initialized', 1, undefined],
    ['look', 1, undefined],
  ])
})

test('a session that the server has forgotten is opened anew', async () => {
  const { sent } = await followed(once, {
    tasks: [0, 500],
    reply: ({ method }, n) => (method === 'tools/call' && n === 2 ? { afterMs: 5, status: 404 } : undefined),
  })
  expect(sent.map(({ method, headers }) => [method, headers['Mcp-Session-Id']])).toEqual([
    ['initialize', undefined],
    ['notifications/initialized', 's1'],
    ['tools/call', 's1'],
    ['initialize', undefined],
    ['notifications/initialized', 's2'],
    ['tools/call', 's2'],
  ])
})

test('giving up sends a cancellation that names the call, and nobody waits for it', async () => {
  const act = async (agent: Agent, task: PlannedTask) => {
    const answer = await agent.call(task.calls[0] as PlannedTask['calls'][number], { timeoutMs: 200 })
    expect(answer.lost).toBe(true)
  }
  const { engine, sent } = await followed(act, { reply: ({ method }) => (method === 'tools/call' ? { afterMs: 9_000 } : undefined) })
  const [called, cancelled] = engine.requests.slice(-2)
  expect(sent.at(-1)).toMatchObject({ method: 'notifications/cancelled', atMs: 215, headers: { 'Mcp-Session-Id': 's1' } })
  expect(JSON.parse(cancelled?.body ?? '').params.requestId).toBe(JSON.parse(called?.body ?? '').id)
  expect(engine.sends.at(-1)).toMatchObject({ role: 'handshake', tool: 'notifications/cancelled', plannedAtMs: 215 })
  expect(new Set(engine.sends.map(({ call }) => call)).size).toBe(engine.sends.length)
})

test('a task that opens a session of its own looks around first, and leaves it open', async () => {
  const act = async (agent: Agent, task: PlannedTask) => {
    expect(await agent.openSession()).toMatchObject({ ok: true })
    await once(agent, task)
  }
  const { sent } = await followed(act, { tasks: [0, 500] })
  const round = (id: string) => [
    ['initialize', undefined],
    ['notifications/initialized', id],
    ['tools/list', id],
    ['tools/call', id],
  ]
  expect(sent.map(({ method, headers }) => [method, headers['Mcp-Session-Id']])).toEqual([...round('s1'), ...round('s2')])
})
