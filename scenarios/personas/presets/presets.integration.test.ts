// The official TypeScript clients, both generations, against a server that refuses, hangs, resets and cuts; and the personas that claim
// to be them, on the wire of the undici driver. Calls, cancellation and time are compared way by way. What differs is told here and in
// docs/presets.md: a stream that is cut (the clients wait for their timeout, agents see it).
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { DEFAULT_REQUEST_TIMEOUT_MSEC } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { describe, expect, test, vi } from 'vitest'
import type { EndLine, LoadLine, SendLine } from '../../../harness/history/load-line.ts'
import { followTimeline } from '../../../harness/load/timeline.ts'
import { Connections } from '../../../harness/load/undici/connection.ts'
import { resolve } from '../../../harness/parameters.ts'
import type { PersonaDefinition } from '../../../harness/persona.ts'
import type { Listening, Plan } from '../../../harness/plan/plan.ts'
import { type Came, RudeServer } from '../../../tests/fixtures/servers/rude.ts'
import { observer } from '../observer.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { langchain } from './langchain.ts'
import { langgraph } from './langgraph.ts'
import { openaiAgents } from './openai-agents.ts'
import { vercelAi } from './vercel-ai.ts'

const TIMEOUT_MS = 600
const WAYS = ['fine', 'fail', 'refuse', 'shed', 'hang', 'reset', 'cut', 'cut-stream'] as const
type Way = (typeof WAYS)[number]
type Era = '2025-11-25' | '2026-07-28'

interface Behaviour {
  calls: number
  ended: 'answered' | 'failed' | 'gave up'
  /** On giving up: the notification, or the closed stream. */
  cancelled: boolean
  dropped: boolean
}

/** The clients that there are; what their generation calls a timeout. */
const CLIENTS = {
  'sdk 1.32': { era: '2025-11-25', call: callByV1 },
  'client 2.4': { era: '2026-07-28', call: (url: string, way: Way) => callByV2(url, way, '2026-07-28') },
  'client 2.4, 2025 era': { era: '2025-11-25', call: (url: string, way: Way) => callByV2(url, way, '2025-11-25') },
} as const satisfies Record<string, { era: Era; call: (url: string, way: Way) => Promise<Behaviour['ended']> }>

/** Personas that say they are the bare client. Nothing of a model or a framework is on top. */
const BARE: Record<string, PersonaDefinition> = {
  observer: plain(observer.definition),
  'claude-code': plain(claudeCode.definition),
  codex: plain(codex.definition),
}

function plain(definition: unknown): PersonaDefinition {
  return definition as PersonaDefinition
}

async function callByV1(url: string, way: Way): Promise<Behaviour['ended']> {
  const client = new ClientV1({ name: 'contract', version: '1' })
  await client.connect(new TransportV1(new URL(url)) as Transport)
  return ending(client.callTool({ name: way, arguments: {} }, undefined, { timeout: TIMEOUT_MS }))
}

async function callByV2(url: string, way: Way, era: Era): Promise<Behaviour['ended']> {
  const client = new ClientV2(
    { name: 'contract', version: '1' },
    era === '2026-07-28' ? { versionNegotiation: { mode: { pin: era } } } : {},
  )
  await client.connect(new TransportV2(new URL(url)))
  return ending(client.callTool({ name: way, arguments: {} }, { timeout: TIMEOUT_MS }))
}

function ending(call: Promise<unknown>): Promise<Behaviour['ended']> {
  return call.then(
    () => 'answered' as const,
    ({ code }: { code?: unknown }) => (code === -32001 || code === 'REQUEST_TIMEOUT' ? 'gave up' : 'failed'),
  )
}

/** What the server saw of one call, once that can be told. */
async function behaviour(server: RudeServer, ended: Behaviour['ended'], era: Era, way: Way): Promise<Behaviour> {
  const calls = () => server.came.filter(({ method }) => method === 'tools/call')
  const cancelled = () => server.came.some(({ method }) => method === 'notifications/cancelled')
  const dropped = () => calls().some((came: Came) => came.dropped)
  // A stream that was cut has nothing left to close.
  if (ended === 'gave up' && way !== 'cut-stream')
    await vi.waitFor(() => expect(era === '2026-07-28' ? dropped() : cancelled()).toBe(true), 2_000)
  return { calls: calls().length, ended, cancelled: cancelled(), dropped: era === '2026-07-28' && dropped() }
}

/** One call of a persona, by the undici driver's own connections. */
async function act(persona: PersonaDefinition, way: Way, era: Era, url: string, own: object = {}): Promise<LoadLine[]> {
  const given = Object.entries({ timeoutMs: TIMEOUT_MS, modelTries: 0, sessions: 'kept', jitterShare: 0, ...own })
  const parameters = resolve('it', persona.parameters, Object.fromEntries(given.filter(([name]) => name in persona.parameters)))
  const call = { turn: 1, role: 'cheapRead' as const, arguments: {}, thinkMs: 0 }
  const planned = {
    agent: 'a-01',
    index: 0,
    tenant: 't',
    persona: 'it',
    parameters,
    hostile: false,
    ...(persona.listens && { listens: persona.listens }),
    tasks: [{ task: 't1', atMs: 0, calls: [call] }],
  }
  const roles: Plan['roles'] = { cheapRead: { tool: way, sloMs: 1_000, needs: [], correct: [] } }
  const facts = { run: 'r', seed: 1, t0Ms: Date.now(), protocol: era, roles, endsAtMs: 20_000, patienceMs: 20_000, headers: {} }
  const connections = new Connections(url)
  const lines: LoadLine[] = []
  await followTimeline(planned as never, persona, facts, {
    nowMs: () => Date.now(),
    wait: (ms) => new Promise((done) => (ms <= 0 ? done() : setTimeout(() => done(), ms))),
    post: (request, timeoutMs, keepMs, read) => connections.post(request, timeoutMs, keepMs, read),
    write: (line) => lines.push(JSON.parse(line) as LoadLine),
    streams: connections.streams,
  })
  await connections.close()
  return lines
}

/** Times that the server's own stream was asked for, once that can be told. */
async function streamsAsked(server: RudeServer, count: number): Promise<void> {
  const asked = () => server.came.filter(({ method }) => method === 'GET').length
  await vi.waitFor(() => expect(asked()).toBe(count), 5_000)
}

/** This server gives no session an id. */
function listening(era: Era, listens: Listening | undefined): number {
  return era === '2025-11-25' && listens === 'always' ? 1 : 0
}

const ends = (lines: LoadLine[]) => lines.filter((line): line is EndLine => line.kind === 'end')
const sends = (lines: LoadLine[]) => lines.filter((line): line is SendLine => line.kind === 'send' && line.role !== 'handshake')

function endedAs({ transport, status }: EndLine): Behaviour['ended'] {
  if (transport === 'timeout') return 'gave up'
  return transport === undefined && status === 200 ? 'answered' : 'failed'
}

describe.each(Object.entries(CLIENTS))('%s', (_, { era, call }) => {
  test.concurrent.each(WAYS)('%s: one call, ended as the bare presets end it', async (way) => {
    await using real = await RudeServer.listen()
    const seen = await behaviour(real, await call(real.url, way), era, way)
    expect(seen.calls, 'a bare client retries nothing').toBe(1)
    await streamsAsked(real, listening(era, 'always'))
    for (const [name, persona] of Object.entries(BARE)) {
      await using server = await RudeServer.listen()
      const lines = await act(persona, way, era, server.url)
      const [sent] = sends(lines)
      const end = ends(lines).find((line) => line.call === sent?.call) as EndLine
      const own = await behaviour(server, endedAs(end), era, way)
      await streamsAsked(server, listening(era, persona.listens))
      if (way === 'cut-stream') {
        // Written down in docs/presets.md: the clients do not notice, agents do.
        expect([seen.ended, own.ended], name).toEqual(['gave up', 'failed'])
        expect(own.calls, name).toBe(1)
      } else expect(own, name).toEqual(seen)
      if (own.ended === 'gave up') expect(Math.abs(end.endedAtMs - (sent?.sentAtMs ?? 0) - TIMEOUT_MS), name).toBeLessThan(150)
    }
  })
})

test('the clients wait as long as the persona that claims to be them', () => {
  expect(DEFAULT_REQUEST_TIMEOUT_MSEC).toBe(observer.definition.parameters.timeoutMs.default)
  expect(DEFAULT_REQUEST_TIMEOUT_MSEC).toBe(vercelAi.definition.parameters.timeoutMs.default)
})

/** Retries of the framework above a client, on the wire: how often each way is called, and the waits between, ms. */
const FRAMEWORKS: [string, unknown, Partial<Record<Way, number[]>>][] = [
  ['langchain', langchain.definition, { refuse: [100, 200], shed: [100, 200], fail: [100, 200], reset: [100, 200], hang: [100, 200] }],
  ['langgraph', langgraph.definition, { refuse: [], shed: [100, 200], fail: [], reset: [100, 200], hang: [100, 200] }],
  [
    'openai-agents',
    openaiAgents.definition,
    { refuse: [100, 200], shed: [100, 200], fail: [100, 200], reset: [100, 200], hang: [100, 200] },
  ],
  ['vercel-ai', vercelAi.definition, { refuse: [], shed: [100, 200], fail: [], reset: [100, 200], hang: [100, 200] }],
]

describe.each(FRAMEWORKS)('%s', (_, definition, expected) => {
  test.concurrent.each(Object.entries(expected) as [Way, number[]][])(
    '%s: tries and waits on the wire (first wait 100 ms here)',
    async (way, waits) => {
      await using server = await RudeServer.listen()
      const lines = await act(plain(definition), way, '2026-07-28', server.url, { backoffMs: 100, timeoutMs: 300 })
      const own = sends(lines)
      const ended = new Map(ends(lines).map(({ call, endedAtMs }) => [call, endedAtMs]))
      const seen = own.slice(1).map(({ sentAtMs }, n) => sentAtMs - (ended.get(own[n]?.call ?? '') ?? 0))
      expect(seen).toHaveLength(waits.length)
      for (const [n, wait] of waits.entries()) expect(Math.abs((seen[n] ?? 0) - wait), `wait ${n + 1}`).toBeLessThan(80)
    },
  )
})
