// One agent over real connections against servers of the test's own, which stream, ask, cut and refuse.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { EndLine, LoadLine, StopLine } from '../../history/load-line.ts'
import type { Agent, PersonaDefinition } from '../../persona.ts'
import type { Listening, Plan, PlannedTask } from '../../plan/plan.ts'
import { followTimeline } from '../timeline.ts'
import { Connections } from './connection.ts'

interface Came {
  verb: string
  headers: IncomingMessage['headers']
  message: { id?: string | number; method?: string; result?: unknown; error?: { code: number } }
}

type Serve = (came: Came, response: ServerResponse, all: readonly Came[]) => void

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that opens sessions; the rest is the test's. */
async function served(serve: Serve, id: string | null = 's1') {
  const came: Came[] = []
  const waiting: { is: (all: readonly Came[]) => boolean; met: () => void }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      const one: Came = { verb: request.method ?? '', headers: request.headers, message: text === '' ? {} : JSON.parse(text) }
      came.push(one)
      const { method } = one.message
      if (method === 'initialize') respond(response, one, { protocolVersion: '2025-11-25' }, id === null ? {} : { 'mcp-session-id': id })
      else if (method === 'notifications/initialized') response.writeHead(202).end()
      else serve(one, response, came)
      for (const { is, met } of waiting) if (is(came)) met()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    came,
    until: (is: (all: readonly Came[]) => boolean) => new Promise<void>((met) => (is(came) ? met() : waiting.push({ is, met }))),
  }
}

function respond(response: ServerResponse, { message }: Came, result: object, headers: object = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }))
}

function streaming(response: ServerResponse, ...events: (object | string)[]): void {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of events)
    response.write(typeof event === 'string' ? event : `data: ${JSON.stringify({ jsonrpc: '2.0', ...event })}\n\n`)
}

interface Life {
  listens?: Listening
  protocol?: Plan['protocol']
  act?: (agent: Agent, task: PlannedTask) => Promise<unknown>
  timeoutMs?: number
}

const RESULT = { content: [] }
const gets = (all: readonly Came[]) => all.filter(({ verb }) => verb === 'GET')
const answers = (all: readonly Came[]) => all.filter(({ message: { method, id } }) => method === undefined && id !== undefined)

async function live(url: string, { listens, protocol = '2025-11-25', act, timeoutMs = 20_000 }: Life = {}) {
  const call = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
  const tasks = [{ task: 't1', atMs: 0, calls: [call, call] }]
  const agent = { agent: 'a-01', index: 0, tenant: 't', persona: 'a', parameters: {}, hostile: false, ...(listens && { listens }), tasks }
  const roles = { cheapRead: { tool: 'look', sloMs: 500, needs: [], correct: [] } }
  const headers = { authorization: 'Bearer own' }
  const facts = { run: 'r', seed: 1, t0Ms: Date.now(), protocol, roles, endsAtMs: 60_000, patienceMs: timeoutMs, headers }
  const callOnce = (own: Agent, { calls: [first] }: PlannedTask) => own.call(first as typeof call)
  const connections = new Connections(url)
  const lines: LoadLine[] = []
  await followTimeline(agent, { act: act ?? callOnce } as Partial<PersonaDefinition> as PersonaDefinition, facts, {
    nowMs: () => Date.now(),
    wait: (ms) => (ms <= 0 ? Promise.resolve() : pause(ms)),
    post: (request, within, keepMs, read) => connections.post(request, within, keepMs, read),
    write: (line) => void lines.push(JSON.parse(line) as LoadLine),
    streams: connections.streams,
  })
  await connections.close()
  return {
    streams: lines.find((line): line is StopLine => line.kind === 'stop')?.streams,
    ends: lines.filter((line): line is EndLine => line.kind === 'end'),
    crashes: lines.filter(({ kind }) => kind === 'crash'),
  }
}

describe("the server's own stream", () => {
  test('is opened after the handshake, kept open beside calls and resumed from its last event; what is asked on it is answered', async () => {
    const server = await served((came, response, all) => {
      if (came.verb !== 'GET') return answers([came]).length > 0 ? void response.writeHead(202).end() : respond(response, came, RESULT)
      if (gets(all).length === 1) {
        streaming(response, 'retry: 20\nid: e7\ndata: \n\n', { id: 1, method: 'ping' }, { method: 'notifications/tools/list_changed' })
        response.end('id: e8\ndata: {"json')
      } else streaming(response, { id: 'two', method: 'sampling/createMessage', params: {} })
    })
    const act = async (agent: Agent, { calls: [one, two] }: PlannedTask) => {
      await agent.call(one as never)
      await server.until((all) => answers(all).length === 2)
      await agent.call(two as never)
    }
    const { streams, ends, crashes } = await live(server.url, { listens: 'always', act })
    expect(crashes).toEqual([])
    expect(ends.map(({ status }) => status)).toEqual([200, 202, 200, 200])
    const [first, second] = gets(server.came)
    expect(first?.headers).toMatchObject({
      accept: 'text/event-stream',
      'mcp-session-id': 's1',
      'mcp-protocol-version': '2025-11-25',
      authorization: 'Bearer own',
    })
    expect(first?.headers['last-event-id']).toBeUndefined()
    expect(second?.headers['last-event-id']).toBe('e8')
    expect(server.came.findIndex(({ verb }) => verb === 'GET')).toBeGreaterThan(1)
    const own = { 'mcp-session-id': 's1', 'mcp-protocol-version': '2025-11-25', authorization: 'Bearer own' }
    expect(answers(server.came)).toMatchObject([
      { verb: 'POST', headers: own, message: { jsonrpc: '2.0', id: 1, result: {} } },
      { verb: 'POST', headers: own, message: { jsonrpc: '2.0', id: 'two', error: { code: -32_601, message: 'Method not found' } } },
    ])
    // An answer is no call: it must not be counted as one in the server's log.
    for (const { headers } of answers(server.came)) expect(headers['x-request-id']).toBeUndefined()
    expect(streams).toEqual({ opened: 2, refused: 0, ended: 1, asked: 2, answered: 2 })
  })

  test('is asked for once where the server has none', async () => {
    const server = await served((came, response) => {
      if (came.verb === 'GET') response.writeHead(405, { allow: 'POST' }).end()
      else respond(response, came, RESULT)
    })
    const act = async (agent: Agent, { calls: [one, two] }: PlannedTask) => {
      await agent.call(one as never)
      await server.until((all) => gets(all).length > 0)
      await agent.call(two as never)
      await agent.think(50)
    }
    expect((await live(server.url, { listens: 'always', act })).streams).toEqual({
      opened: 0,
      refused: 1,
      ended: 0,
      asked: 0,
      answered: 0,
    })
    expect(gets(server.came)).toHaveLength(1)
  })

  test.each<[string, string | null, Life, number]>([
    ['by a persona that says nothing of it', 's1', {}, 0],
    ['in a session without an id, by clients that want one', null, { listens: 'with-id' }, 0],
    ['in a session with an id, by the same', 's1', { listens: 'with-id' }, 1],
    ['in the stateless era', 's1', { listens: 'always', protocol: '2026-07-28' }, 0],
  ])('%s: id %s', async (_, id, life, count) => {
    const server = await served(
      (came, response) => (came.verb === 'GET' ? streaming(response, ': hello\n\n') : respond(response, came, RESULT)),
      id,
    )
    const act = async (agent: Agent, task: PlannedTask) => {
      for (const call of task.calls) await agent.call(call)
      if (count > 0) await server.until((all) => gets(all).length === count)
    }
    await live(server.url, { ...life, act })
    expect(gets(server.came)).toHaveLength(count)
  })

  test('closes when the task begins another client', async () => {
    const open = new Set<ServerResponse>()
    const server = await served((came, response) => {
      if (came.verb !== 'GET') return respond(response, came, RESULT)
      open.add(response)
      response.on('close', () => open.delete(response))
      streaming(response, ': hello\n\n')
    })
    let most = 0
    const act = async (agent: Agent, { calls: [call] }: PlannedTask) => {
      for (let n = 1; n <= 4; n++) {
        await agent.openSession()
        await server.until((all) => gets(all).length === n)
        // Whose answer comes after the beginning of the stream.
        await agent.call(call as PlannedTask['calls'][number])
        most = Math.max(most, open.size)
      }
    }
    const { streams } = await live(server.url, { listens: 'always', act })
    expect(streams).toMatchObject({ opened: 4, ended: 0 })
    expect(most).toBeLessThan(4)
  })
})

describe("a call's event stream", () => {
  test('asks in the middle: the server goes on once it is answered, and the call ends with its message, though the stream does not', async () => {
    let going: ((came: Came) => void) | undefined
    const server = await served((came, response) => {
      if (answers([came]).length > 0) {
        response.writeHead(202).end()
        going?.(came)
      } else {
        streaming(response, { id: 5, method: 'roots/list' })
        going = () => streaming(response, { id: came.message.id, result: RESULT })
      }
    })
    const { ends, streams } = await live(server.url)
    expect(ends.at(-1)).toMatchObject({ status: 200, isError: false, rpcId: 'r-a-01-t1-3' })
    expect(answers(server.came)).toMatchObject([{ message: { id: 5, error: { code: -32_601 } } }])
    expect(streams).toMatchObject({ asked: 1, answered: 1, opened: 0 })
  })

  test('that ends early after an event with an id is resumed; one without is cut, and so is one of the stateless era', async () => {
    const events: Record<string, string> = { resumed: 'id: e1\nretry: 10\ndata: \n\n', cut: ': nothing\n\n' }
    const way = async (name: string, protocol: Plan['protocol']) => {
      let asked: string | number | undefined
      const server = await served((came, response) => {
        if (came.verb === 'GET') return void streaming(response, { id: asked, result: RESULT })
        asked = came.message.id
        streaming(response, events[name] ?? '')
        response.end()
      })
      const { ends } = await live(server.url, { protocol })
      return { end: ends.at(-1), get: gets(server.came)[0]?.headers }
    }
    const resumed = await way('resumed', '2025-11-25')
    expect(resumed.end).toMatchObject({ status: 200, isError: false })
    expect(resumed.get).toMatchObject({ 'last-event-id': 'e1', 'mcp-session-id': 's1', accept: 'text/event-stream' })
    for (const [name, protocol] of [
      ['cut', '2025-11-25'],
      ['resumed', '2026-07-28'],
    ] as const) {
      const { end, get } = await way(name, protocol)
      expect(end, name).toMatchObject({ status: 200, parsed: false })
      expect(get, name).toBeUndefined()
    }
  })

  test('that cannot be resumed is a cut answer, and the time of the call is the end of trying', async () => {
    const way = async (status: number) => {
      const server = await served((came, response) => {
        if (came.verb === 'GET') return void (status === 0 ? response.destroy() : response.writeHead(status).end())
        streaming(response, 'id: e1\nretry: 10\ndata: \n\n')
        response.end()
      })
      return (await live(server.url, status === 0 ? { timeoutMs: 300 } : {})).ends.find(({ call }) => call === 'r-a-01-t1-3')
    }
    expect(await way(404)).toMatchObject({ status: 0, transport: 'cut' })
    expect(await way(0)).toMatchObject({ status: 0, transport: 'timeout' })
  })
})
