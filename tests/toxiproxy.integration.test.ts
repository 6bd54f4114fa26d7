// Somebody else's toxiproxy, driven by our words: each toxic is felt, ends, and is undone by the next start after a kill.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { hostAndPort } from '../harness/environment/canary.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import type { Link, Toxics } from '../harness/environment/service.ts'
import { toxiproxyLinks } from '../harness/faults/proxy/toxiproxy.ts'
import { Lease, sweep } from '../harness/run/lease.ts'
import { Toxiproxy } from './fixtures/toxiproxy.ts'

let owned: AsyncDisposableStack
let toxiproxy: Toxiproxy
let lease: Lease
let link: Link
let leases: string

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  const keeper = owned.use(await ScratchKeeper.open())
  toxiproxy = owned.use(await Toxiproxy.start(keeper, AbortSignal.timeout(10_000)))
  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1')
  await once(echo, 'listening')
  owned.defer(() => void echo.close())
  await toxiproxy.add('postgres', `127.0.0.1:${(echo.address() as AddressInfo).port}`)
  leases = path.join(keeper.folder, 'leases')
  lease = owned.use(new Lease('st-toxi', leases))
  const links = await toxiproxyLinks(toxiproxy.url, ['postgres', 'redis'], lease)
  expect(Object.keys(links)).toEqual(['postgres'])
  link = links.postgres as Link
})

afterEach(async () => {
  await owned.disposeAsync()
})

/** Sends so many bytes; what came back within 1.5 s, when the last of it, and how it ended. */
async function echo(bytes = 10, limitMs = 1_500): Promise<{ got: number; tookMs: number; ended: string }> {
  const socket = connect({ ...hostAndPort(link.canaryAddress) })
  const begunMs = performance.now()
  let [got, tookMs, ended] = [0, 0, 'open']
  socket.on('error', (error: NodeJS.ErrnoException) => (ended = error.code ?? 'error'))
  socket.on('end', () => (ended = 'closed'))
  const enough = new AbortController()
  socket.on('data', (chunk) => {
    got += chunk.length
    tookMs = performance.now() - begunMs
    if (got === bytes) enough.abort()
  })
  socket.on('close', () => enough.abort())
  socket.write(Buffer.alloc(bytes))
  await pause(limitMs, undefined, { signal: enough.signal }).catch(() => undefined)
  socket.destroy()
  return { got, tookMs, ended }
}

type Felt = (seen: Awaited<ReturnType<typeof echo>>) => boolean
const FELT: { [K in keyof Toxics]?: { parameters: Toxics[K]; bytes?: number; felt: Felt } } = {
  latency: { parameters: { delayMs: 200 }, felt: ({ tookMs }) => tookMs >= 390 },
  down: { parameters: {}, felt: ({ ended }) => ended === 'ECONNREFUSED' },
  cut: { parameters: { afterBytes: 4, share: 1, seed: 1 }, felt: ({ got, ended }) => got === 4 && ended === 'closed' },
  bandwidth: { parameters: { bytesPerSecond: 10_240 }, bytes: 5_000, felt: ({ tookMs }) => tookMs >= 300 },
  timeout: { parameters: { closeAfterMs: 300 }, felt: ({ got, ended }) => got === 0 && ended === 'closed' },
  limitData: { parameters: { bytes: 6 }, felt: ({ got }) => got === 6 },
  slicer: { parameters: { sizeBytes: 2, delayMs: 40 }, felt: ({ tookMs }) => tookMs >= 150 },
}

it.each(Object.keys(FELT) as (keyof Toxics)[])('%s is felt, and over when it is removed', async (toxic) => {
  const { parameters, bytes, felt } = FELT[toxic] as { parameters: Toxics[typeof toxic]; bytes?: number; felt: Felt }
  expect(felt(await echo(bytes))).toBe(false)
  const added = await link.add(toxic, parameters)
  const seen = await echo(bytes)
  expect(felt(seen), JSON.stringify(seen)).toBe(true)
  await added.remove()
  await added.remove()
  expect(await toxiproxy.toxics('postgres')).toEqual([])
  await expect.poll(() => echo(bytes)).toMatchObject({ got: bytes ?? 10, ended: 'open' })
})

it('grows without a gap, and is gone when the run is aborted', async () => {
  const run = new AbortController()
  const added = await link.add('latency', { delayMs: 50 }, run.signal)
  await added.change({ delayMs: 250 })
  expect((await echo()).tookMs).toBeGreaterThan(490)
  run.abort(new Error('Ctrl-C'))
  await expect.poll(() => toxiproxy.toxics('postgres')).toEqual([])
})

it('ends live connections once by reset, and refuses what it cannot do', async () => {
  const socket = connect({ ...hostAndPort(link.address) }).on('error', () => {})
  socket.write('x')
  await once(socket, 'data')
  const ended = once(socket, 'close')
  socket.resume()
  await link.add('reset', {})
  await ended
  expect(await echo()).toMatchObject({ got: 10 })
  await expect(link.add('connectDelay', { delayMs: 5 })).rejects.toMatchObject({ code: 'FAULT_NOT_POSSIBLE' })
})

it('is undone by the next start when the harness was killed', async () => {
  await link.add('latency', { delayMs: 100 })
  await link.add('down', {})
  const file = path.join(leases, 'st-toxi.json')
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), harness: { pid: 0, name: 'harness' } }))
  expect((await sweep(leases)).filter((sentence) => sentence.startsWith('healed a fault'))).toHaveLength(3)
  expect(await toxiproxy.toxics('postgres')).toEqual([])
  expect(await echo()).toMatchObject({ got: 10 })
})
