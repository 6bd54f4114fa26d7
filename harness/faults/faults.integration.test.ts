// The contract of every fault, over every file of this folder and against real services: it is felt once injected, gone
// once healed, healing twice is harmless, and an aborted run heals by itself.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { discover, type Units } from '../discover.ts'
import { startPostgres } from '../environment/postgres.ts'
import { ScratchKeeper } from '../environment/scratch-keeper.ts'
import type { Environment } from '../environment/service.ts'
import { resolve } from '../parameters.ts'
import type { FaultDefinition } from './fault.ts'
import { startProxy } from './proxy/client.ts'

const faults: Units<FaultDefinition> = await discover<FaultDefinition>('fault', import.meta.dirname)
const owned = new AsyncDisposableStack()
const running = new AbortController()
let environment: Environment

beforeAll(async () => {
  const { signal } = running
  const keeper = owned.use(await ScratchKeeper.open())
  const postgres = owned.use(await startPostgres({ keeper, signal }))
  const server: Server = createServer((_request, response) => response.writeHead(405).end('only POST'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owned.defer(() => void server.close())
  const to = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const links = [
    { name: 'postgres', to: postgres.address, delayMs: 0 },
    { name: 'server', to, delayMs: 0 },
  ]
  const proxy = owned.use(await startProxy({ keeper, links, attemptsFile: path.join(keeper.folder, 'links.ndjson'), signal }))
  environment = { links: proxy.links, postgres, servers: [], url: `http://${proxy.links.server?.address}/mcp` }
})

afterAll(async () => {
  await owned.disposeAsync()
})

it('finds the faults', () => {
  expect(faults.ids).toEqual(expect.arrayContaining(['answers-cut', 'postgres-latency', 'postgres-refused']))
})

describe.each(faults.all.map(({ id, value }) => ({ id, fault: value })))('$id', ({ id, fault }) => {
  const parameters = resolve(id, fault.parameters, {})

  it('is felt, then healed, and healed twice', async () => {
    const injected = await fault.inject(environment, parameters, running.signal)
    expect(await injected.felt()).toMatchObject({ seen: true })
    expect(await injected.healed()).toMatchObject({ seen: false })
    await injected[Symbol.asyncDispose]()
    expect(await injected.healed()).toMatchObject({ seen: true })
    expect(await injected.felt()).toMatchObject({ seen: false })
    await injected[Symbol.asyncDispose]()
    expect(await injected.healed()).toMatchObject({ seen: true })
  })

  it('heals by itself when the run is aborted', async () => {
    const run = new AbortController()
    const injected = await fault.inject(environment, parameters, run.signal)
    expect(await injected.felt()).toMatchObject({ seen: true })
    run.abort(new Error('Ctrl-C'))
    await expect.poll(() => injected.healed(), { timeout: 10_000 }).toMatchObject({ seen: true })
    await injected[Symbol.asyncDispose]()
  })

  it('does not act in a run that was aborted before', async () => {
    const reason = new Error('Ctrl-C')
    await expect(fault.inject(environment, parameters, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  it('says why it cannot act where it has no link', async () => {
    const nothing: Environment = { links: {}, servers: [], url: environment.url }
    await expect(fault.inject(nothing, parameters, running.signal)).rejects.toMatchObject({ code: 'FAULT_NOT_POSSIBLE' })
  })

  it('says where it is from and how faithful it is', () => {
    for (const text of [fault.summary, fault.source, fault.faithful]) expect(text.length).toBeGreaterThan(10)
  })
})

it('cuts a share of the answers only', async () => {
  const { inject } = faults.get('answers-cut').value
  await using injected = await inject(environment, { afterBytes: 10, share: 0.3, seed: 4 }, running.signal)
  expect(await injected.felt()).toMatchObject({ seen: true })
})

it('does not take a server that is down for a cut answer', async () => {
  const { inject } = faults.get('answers-cut').value
  const link = environment.links.server
  const down = await link?.add('down', {})
  const injected = await inject(environment, { afterBytes: 0, share: 1, seed: 0 }, running.signal)
  await down?.remove()
  expect(await injected.felt()).toMatchObject({ seen: false })
  await injected[Symbol.asyncDispose]()
})
