import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openSpanCollector } from './span-collector.ts'

// Megabytes are packed and sent here: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 60_000 })

let folder: string
let file: string

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-spans-test-'))
  file = path.join(folder, 'spans.ndjson')
})
afterEach(() => rmSync(folder, { recursive: true }))

const JSON_TYPE = { 'content-type': 'application/json' }
const bodyOf = (...numbers: number[]) => {
  const spans = numbers.map((n) => ({
    traceId: n.toString(16).padStart(32, '0'),
    spanId: '00f067aa0ba902b7',
    name: 'tools/call',
    kind: 2,
    startTimeUnixNano: '1767225611021000000',
    endTimeUnixNano: '1767225611033000000',
  }))
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
}
const send = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = JSON_TYPE) =>
  fetch(`${url}/v1/traces`, { method: 'POST', body, headers })
const lines = () => readFileSync(file, 'utf8').split('\n').filter(Boolean)

test('spans are on disk when the exporter is answered, packed ones too', async () => {
  await using collector = await openSpanCollector({ file })
  const first = await send(collector.url, bodyOf(1, 2))
  expect([first.status, await first.json()]).toEqual([200, {}])
  expect(lines()).toHaveLength(2)
  expect((await send(collector.url, gzipSync(bodyOf(3)), { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(200)
  expect(JSON.parse(lines()[2] ?? '')).toMatchObject({ kind: 'span', trace: '3'.padStart(32, '0'), role: 'server' })
  expect(collector.collected).toEqual({ received: 3, kept: 3, oneIn: 1, refused: 0 })
})

test('protobuf is refused with what to set; so is whatever else is no JSON of spans', async () => {
  await using collector = await openSpanCollector({ file })
  const refused = await send(collector.url, 'x', { 'content-type': 'application/x-protobuf' })
  expect([refused.status, ((await refused.json()) as { message: string }).message]).toEqual([
    415,
    expect.stringContaining('OTEL_EXPORTER_OTLP_PROTOCOL=http/json'),
  ])
  expect((await send(collector.url, '{"resourceSpans":')).status).toBe(400)
  expect((await send(collector.url, '{"resourceMetrics":[]}')).status).toBe(400)
  expect((await send(collector.url, 'not packed', { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(400)
  expect((await fetch(`${collector.url}/v1/logs`, { method: 'POST', body: '{}', headers: JSON_TYPE })).status).toBe(404)
  expect(collector.collected).toMatchObject({ received: 0, refused: 5, because: expect.stringMatching(/^415, /) })
})

test('a body has a bound, packed and unpacked', async () => {
  await using collector = await openSpanCollector({ file })
  expect((await send(collector.url, ' '.repeat(5_000_000))).status).toBe(413)
  const bomb = gzipSync(Buffer.alloc(20_000_000, ' '))
  expect((await send(collector.url, bomb, { ...JSON_TYPE, 'content-encoding': 'gzip' })).status).toBe(400)
  expect(collector.collected).toMatchObject({ received: 0, refused: 2 })
})

test('whoever is refused reads why, even a client that sends all of it first', async () => {
  await using collector = await openSpanCollector({ file })
  expect(await sentFirst(collector.url, 'application/json')).toMatch(/^HTTP\/1.1 413 [\s\S]*send fewer spans at once/)
  expect(await sentFirst(collector.url, 'application/x-protobuf')).toMatch(/^HTTP\/1.1 415 [\s\S]*http\/json/)
})

/** 16 MB, more than what lies between two sockets. @returns the answer */
async function sentFirst(url: string, type: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const head = ['POST /v1/traces HTTP/1.1', 'host: x', `content-type: ${type}`, 'content-length: 16000000', '', ''].join('\r\n')
  socket.write(head)
  await promisify<Buffer>(socket.write.bind(socket))(Buffer.alloc(16_000_000, ' '))
  return await text(socket)
}

test('what is kept has a bound, what is looked at has none', async () => {
  const seen: string[] = []
  await using collector = await openSpanCollector({ file, roomBytes: 2_000, look: (text) => seen.push(text) })
  for (let n = 1; n <= 64; n++) await send(collector.url, bodyOf(n))
  expect(seen).toHaveLength(64)
  expect(readFileSync(file).length).toBeLessThan(2_000)
  expect(collector.collected.received).toBe(64)
  expect(collector.collected.kept).toBe(lines().length)
  expect(collector.collected.oneIn).toBeGreaterThan(1)
})

test('a port that is taken is told, and how to mend it', async () => {
  await using collector = await openSpanCollector({ file })
  const port = Number(new URL(collector.url).port)
  await expect(openSpanCollector({ file, port })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    hint: expect.stringContaining('observe.spans.port'),
  })
})
