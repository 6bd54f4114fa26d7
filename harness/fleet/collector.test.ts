import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GeneratorLine } from '../history/raw-line.ts'
import { CHUNK_BYTES_MAX, Collector } from './collector.ts'
import { CollectorClient } from './collector-client.ts'
import { ship } from './shipper.ts'

const TOKEN = 'a-token-of-the-test'
const never = new AbortController().signal
let folder: string
let collector: Collector

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-collector-'))
  collector = await Collector.listen({ folder, of: 2, token: TOKEN })
})

afterEach(async () => {
  await collector[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const client = (token = TOKEN) => new CollectorClient(`http://127.0.0.1:${collector.port}`, token)
const text = (name: string) => readFile(path.join(folder, 'raw', name), 'utf8')

test('nobody without the token reads or writes', async () => {
  for (const wrong of ['', 'a-token-of-the-tesT', `${TOKEN}x`]) {
    await expect(client(wrong).append(1, 0, Buffer.from('x'), never)).rejects.toThrow('401')
    await expect(client(wrong).status(never)).rejects.toThrow('401')
    await expect(client(wrong).read('load-1.ndjson', 0, never)).rejects.toThrow('401')
  }
  expect(await text('load-1.ndjson')).toBe('')
})

test('bytes are only ever added, each once, where the file ends', async () => {
  expect(await client().append(1, 0, Buffer.from('one\n'), never)).toBe(4)
  // Brought again, or from too far on: nothing changes, and it says where the file ends.
  expect(await client().append(1, 0, Buffer.from('ONE\n'), never)).toBe(4)
  expect(await client().append(1, 9, Buffer.from('two\n'), never)).toBe(4)
  expect(await client().append(1, 4, Buffer.from('two\n'), never)).toBe(8)
  expect([await text('load-1.ndjson'), await text('load-2.ndjson')]).toEqual(['one\ntwo\n', ''])
  expect((await client().read('load-1.ndjson', 4, never)).toString()).toBe('two\n')
  await expect(client().append(3, 0, Buffer.from('x'), never)).rejects.toThrow('404')
  await expect(client().append(1, 8, Buffer.alloc(CHUNK_BYTES_MAX + 1), never)).rejects.toThrow('413')
  await expect(client().read('../manifest.json', 0, never)).rejects.toThrow('404')
})

test('it is full when it is full', async () => {
  await collector[Symbol.asyncDispose]()
  collector = await Collector.listen({ folder, of: 2, token: TOKEN, bytesMax: 6 })
  expect(await client().append(1, 0, Buffer.from('four'), never)).toBe(4)
  await expect(client().append(2, 0, Buffer.from('three'), never)).rejects.toThrow('507')
  expect(await client().append(2, 0, Buffer.from('2'), never)).toBe(1)
})

test('a growing file arrives whole, though the collector goes away in the middle', async () => {
  const file = path.join(folder, 'growing.ndjson')
  await writeFile(file, 'line 1\n')
  const over = new AbortController()
  const port = collector.port
  const shipping = ship({
    file,
    collector: client(),
    part: 2,
    of: 2,
    planHash: 'h',
    host: 'pod-2',
    over: over.signal,
    signal: AbortSignal.timeout(20_000),
  })
  await expect.poll(() => text('load-2.ndjson')).toBe('line 1\n')
  await collector[Symbol.asyncDispose]()
  await appendFile(file, 'line 2\n')
  collector = await Collector.listen({ folder, of: 2, token: TOKEN, port })
  await appendFile(file, 'line 3\n')
  over.abort()
  expect(await shipping).toBe(21)
  expect(await text('load-2.ndjson')).toBe('line 1\nline 2\nline 3\n')
  expect(collector.status.parts).toMatchObject([{ ended: false }, { bytes: 21, ended: true }])
  const said = (await text('generators.ndjson'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as GeneratorLine)
  expect(said.map(({ event }) => event).filter((event) => event !== 'clock')).toEqual(['hello', 'end'])
  const clocks = said.filter(({ event }) => event === 'clock')
  expect(clocks.length).toBeGreaterThanOrEqual(2)
  for (const { offsetMs = Number.NaN, uncertaintyMs = Number.NaN } of clocks) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(uncertaintyMs)
})

test('with a wrong token shipping ends at once, and says why', async () => {
  const shipment = { file: '/nowhere', part: 1, of: 2, planHash: 'h', host: 'x', over: never, signal: never }
  await expect(ship({ ...shipment, collector: client('another-token-than-it') })).rejects.toThrow('401')
})

test('what is no line of this run is not written down', async () => {
  await expect(client().say({ part: 9, of: 2, event: 'end', bytes: 1 }, never)).rejects.toThrow('400')
  await expect(client().say({ part: 1, of: 3, event: 'end', bytes: 1 }, never)).rejects.toThrow('400')
  await expect(client().say({ part: 1, of: 2, event: 'clock' }, never)).rejects.toThrow('400')
  await expect(text('generators.ndjson')).rejects.toThrow('ENOENT')
})
