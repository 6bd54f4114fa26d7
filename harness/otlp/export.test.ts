// The exporter's process against the project's own OTLP receiver, and against receivers that are slow or away.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refused, served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import type { SpanLine } from '../history/raw-line.ts'
import { openSpanCollector } from '../run/span-collector.ts'
import type { OtlpMetric } from './encoding.ts'

let folder: string
let server: Server | undefined

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-otlp-'))
  const story = aRun().agent('steady-01').agent('steady-02').fault('postgres-latency')
  story.calls({ of: 'steady-01', fromMs: 100, toMs: 4_000, everyMs: 500, answer: served(40) })
  story.call({ of: 'steady-02', atMs: 200, answer: refused() })
  story.call({ of: 'steady-02', atMs: 900, parent: story.lastCall, answer: served(30) })
  await story.writeTo(folder)
})

afterEach(async () => {
  server?.closeAllConnections()
  server?.close()
  await rm(folder, { recursive: true, force: true })
})

const begin = (endpoint: string) =>
  spawn(process.execPath, [path.join(import.meta.dirname, 'main.ts'), folder, endpoint], {
    env: { ...process.env, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })

async function finish(child: ChildProcess): Promise<{ spans: number; dropped: number; metrics: number; problem?: string }> {
  let said = ''
  child.stdout?.on('data', (chunk) => (said += String(chunk)))
  child.kill('SIGTERM')
  await once(child, 'close')
  return JSON.parse(said.trim().split('\n').at(-1) ?? '')
}

async function listen(answer: (body: Buffer, place: string) => number | undefined): Promise<string> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const status = answer(Buffer.concat(chunks), request.url ?? '')
        if (status !== undefined) response.writeHead(status).end('{}')
      })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Told to end before it listens to that, it would be gone. */
async function untilUp(child: ChildProcess): Promise<void> {
  await once(child.stdout as NodeJS.ReadableStream, 'data')
}

test('an OTLP receiver gets task, turn and call, each below the other, faults beside them', async () => {
  const file = path.join(folder, 'received.ndjson')
  await using receiver = await openSpanCollector({ file })
  const child = begin(receiver.url)
  await untilUp(child)
  const { spans, dropped } = await finish(child)
  expect(dropped).toBe(0)
  const received = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SpanLine)
  expect(received).toHaveLength(spans)
  const named = (name: string) => received.filter((span) => span.name === name)
  expect([named('tools/call list_tables').length, named('task of steady').length, named('turn 1').length]).toEqual([10, 9, 9])
  const key = (trace: string, span = '') => `${trace}/${span}`
  const byId = new Map(received.map((span) => [key(span.trace, span.span), span]))
  for (const call of named('tools/call list_tables')) {
    const turn = byId.get(key(call.trace, call.parent))
    expect(turn?.name).toBe('turn 1')
    expect(byId.get(key(call.trace, turn?.parent))).toMatchObject({ name: 'task of steady', trace: call.trace })
    expect(call.atMs).toBeGreaterThanOrEqual(turn?.atMs ?? Number.NaN)
  }
  expect(named('fault postgres-latency')).toHaveLength(1)
  expect(named('run')).toHaveLength(1)
  expect(received.filter(({ name }) => name.startsWith('phase ')).length).toBe(4)
}, 30_000)

test('metrics are cumulative, authenticated, and agree with the calls', async () => {
  const metrics: OtlpMetric[][] = []
  const url = await listen((body, place) => {
    const text = JSON.parse(gunzipSync(body).toString())
    if (place === '/v1/metrics') metrics.push(text.resourceMetrics[0].scopeMetrics[0].metrics)
    return 200
  })
  const seen: unknown[] = []
  server?.prependListener('request', (request) => seen.push(request.headers.authorization))
  const child = begin(url)
  await untilUp(child)
  await finish(child)
  const last = metrics.at(-1) ?? []
  const calls = last.find(({ name }) => name === 'stampede.calls')?.sum?.dataPoints as { asInt: string }[]
  expect(calls.map(({ asInt }) => Number(asInt)).sort()).toEqual([1, 9])
  const [duration] = (last.find(({ name }) => name === 'stampede.call.duration')?.histogram?.dataPoints ?? []) as { count: string }[]
  expect(duration?.count).toBe('10')
  expect(new Set(seen)).toEqual(new Set(['Bearer abc']))
}, 30_000)

test.each<[string, number | undefined]>([
  ['refuses', 500],
  ['says later for ever', 503],
])(
  'a receiver that %s costs spans, which are counted, and no time',
  async (_, status) => {
    const child = begin(await listen(() => status))
    await untilUp(child)
    const begun = Date.now()
    const { spans, dropped, problem } = await finish(child)
    expect(spans).toBe(0)
    expect(dropped).toBeGreaterThan(25)
    expect(problem).toContain(String(status))
    expect(Date.now() - begun).toBeLessThan(14_000)
  },
  30_000,
)
