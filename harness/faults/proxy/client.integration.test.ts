import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startChild } from '../../environment/child.ts'
import { ScratchKeeper } from '../../environment/scratch-keeper.ts'
import { type ProxyProcess, startProxy } from './client.ts'
import { Client, echo, type Listening, listening } from './fixtures/loopback.ts'

const running = new AbortController()
let owned: AsyncDisposableStack
let keeper: ScratchKeeper
let server: Listening

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  keeper = owned.use(await ScratchKeeper.open())
  server = owned.use(await listening(echo))
})

afterEach(async () => {
  await owned.disposeAsync()
})

async function proxyTo(address: string, attemptsFile = path.join(keeper.folder, 'links.ndjson')): Promise<ProxyProcess> {
  const links = [{ name: 'postgres', to: address, delayMs: 0 }]
  return await startProxy({ keeper, links, attemptsFile, signal: running.signal })
}

function linkOf(proxy: ProxyProcess) {
  const link = proxy.links.postgres
  if (!link) throw new Error('no link')
  return link
}

it('carries bytes, and writes a line for each attempt before it ends', async () => {
  const proxy = owned.use(await proxyTo(server.address))
  using client = await Client.to(linkOf(proxy).address)
  await client.roundTrip('ping')
  await linkOf(proxy).add('down', {})
  using refused = await Client.to(linkOf(proxy).address)
  await refused.until(({ ended }) => ended !== undefined)
  await proxy[Symbol.asyncDispose]()
  const lines = (await readFile(path.join(keeper.folder, 'links.ndjson'), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { kind: 'attempt', atMs: expect.any(Number), link: 'postgres', refused: false },
    { kind: 'attempt', atMs: expect.any(Number), link: 'postgres', refused: true },
  ])
  expect(await keeper.alive()).toEqual([])
})

it('removes a toxic when the signal that it was added with aborts, and once only', async () => {
  const proxy = owned.use(await proxyTo(server.address))
  const run = new AbortController()
  const toxic = await linkOf(proxy).add('latency', { delayMs: 60_000 }, run.signal)
  using client = await Client.to(linkOf(proxy).address)
  const answer = client.roundTrip('ping')
  run.abort()
  await answer
  await toxic.remove()
  await toxic.remove()
  expect(client.received).toBe('ping')
})

it('takes a toxic back that comes into force after it was given up', async () => {
  const proxy = owned.use(await proxyTo(server.address))
  const toxics = async () => ((await (await fetch(`${proxy.adminUrl}/links/postgres`)).json()) as { toxics: object[] }).toxics
  const run = new AbortController()
  process.kill(proxy.pid, 'SIGSTOP')
  const adding = linkOf(proxy).add('latency', { delayMs: 60_000 }, run.signal)
  run.abort(new Error('Ctrl-C'))
  await expect(adding).rejects.toThrow('Ctrl-C')
  process.kill(proxy.pid, 'SIGCONT')
  // Carried out in their order: when this one is, the other was.
  await (await linkOf(proxy).add('latency', { delayMs: 1 })).remove()
  await expect.poll(toxics).toEqual([])
})

it('says what went wrong when its process has died, instead of waiting', async () => {
  const proxy = owned.use(await proxyTo(server.address))
  const toxic = await linkOf(proxy).add('down', {})
  process.kill(proxy.pid, 'SIGKILL')
  await expect(linkOf(proxy).add('down', {})).rejects.toMatchObject({ code: 'PROXY_FAILED' })
  await toxic.remove()
})

it('ends when the harness that started it is killed', async () => {
  const harness = `
    const { startProxy } = await import(${JSON.stringify(import.meta.resolve('./client.ts'))})
    const keeper = { run: 'killed', folder: '/nowhere', process() {} }
    const links = [{ name: 'postgres', to: '${server.address}', delayMs: 0 }]
    const proxy = await startProxy({ keeper, links, attemptsFile: ${JSON.stringify(path.join(keeper.folder, 'links.ndjson'))}, signal: new AbortController().signal })
    console.log(JSON.stringify({ pid: proxy.pid, address: proxy.links.postgres.address }))
    setInterval(() => {}, 1_000)`
  const file = path.join(keeper.folder, 'harness.mjs')
  await writeFile(file, harness)
  const parent = await startChild({ keeper, name: 'harness', file: process.execPath, args: [file] })
  const { pid, address } = JSON.parse(await parent.said(/^{/, 10_000, running.signal))
  keeper.process(pid, 'proxy')
  using client = await Client.to(address)
  await client.roundTrip('ping')
  await parent.stop('SIGKILL', 1_000)
  await client.until(({ ended }) => ended !== undefined)
  await expect.poll(() => keeper.alive()).toEqual([])
})

it('says that attempts are not written when they cannot be', async () => {
  const proxy = owned.use(await proxyTo(server.address, path.join(keeper.folder, 'no', 'such', 'folder')))
  await expect.poll(() => proxy.problems).toEqual([expect.stringContaining('ENOENT')])
})

it('does not start for a run that was aborted', async () => {
  const signal = AbortSignal.abort(new Error('Ctrl-C'))
  await expect(startProxy({ keeper, links: [], attemptsFile: '/dev/null', signal })).rejects.toThrow('Ctrl-C')
  expect(keeper.kept).toEqual([])
})

it('takes orders by hand on loopback, keeps them with its problems, and gives other parameters without a gap', async () => {
  const proxy = owned.use(await proxyTo(server.address))
  const json = { 'content-type': 'application/json' }
  const post = (body: unknown, headers: Record<string, string> = json) =>
    fetch(`${proxy.adminUrl}/links/postgres/toxics`, { method: 'POST', headers, body: JSON.stringify(body) })
  const added = await post({ toxic: 'latency', parameters: { delayMs: 200 } })
  expect(await added.json()).toMatchObject({ id: 1 })
  using client = await Client.to(linkOf(proxy).address)
  expect(await client.roundTrip('ping')).toBeGreaterThan(390)
  const [link] = (await (await fetch(`${proxy.adminUrl}/links`)).json()) as object[]
  expect(link).toMatchObject({ name: 'postgres', connections: 1, toxics: [{ id: 1, toxic: 'latency' }] })
  await fetch(`${proxy.adminUrl}/links/postgres/toxics/1`, { method: 'DELETE' })
  expect(await client.roundTrip('ping')).toBeLessThan(350)
  expect(proxy.problems).toEqual([expect.stringContaining('latency'), expect.stringContaining('removed by hand')])
  // What a page in somebody's browser could send.
  expect((await post({ toxic: 'down' }, { 'content-type': 'text/plain' })).status).toBe(415)
  expect((await post({ toxic: 'constructor' })).status).toBe(400)
  expect((await fetch(`${proxy.adminUrl}/links/redis`)).status).toBe(404)

  const toxic = await linkOf(proxy).add('latency', { delayMs: 1 })
  await toxic.change({ delayMs: 40 })
  expect(await client.roundTrip('ping')).toBeGreaterThan(75)
  await toxic.remove()
})

it('refuses orders by hand under a name that a page could own', async () => {
  const proxy = owned.use(await proxyTo(server.address))
  const { port } = new URL(proxy.adminUrl)
  const asked = request({ host: '127.0.0.1', port, path: '/links', headers: { host: 'rebound.example' } }).end()
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.resume()
  expect(response.statusCode).toBe(403)
})
