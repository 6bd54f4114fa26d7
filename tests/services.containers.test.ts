// Every service as a container: the same interface as the local ones, signals through the engine, nothing left afterwards.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { request } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { discover } from '../harness/discover.ts'
import {
  type Containers,
  type Images,
  startPostgresContainer,
  startRedisContainer,
  startServerContainer,
  startWorkerContainer,
} from '../harness/environment/container-services.ts'
import { freePort } from '../harness/environment/free-port.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import type { Environment, Remedy } from '../harness/environment/service.ts'
import { UPSTREAM, Upstream } from '../harness/environment/upstream.ts'
import type { FaultDefinition } from '../harness/faults/fault.ts'
import { startProxy } from '../harness/faults/proxy/client.ts'
import { carryOut } from '../harness/faults/remedy.ts'
import { resolve } from '../harness/parameters.ts'
import { Lease, sweep } from '../harness/run/lease.ts'
import { ensureRedis } from '../setup.mjs'
import { ROOT } from './fixtures/cli.ts'
import { makeImages } from './fixtures/container-images.ts'
import { DockerEngine } from './fixtures/docker-engine.ts'

const { signal } = new AbortController()
const owned = new AsyncDisposableStack()
let docker: DockerEngine
let images: Images
let keeper: ScratchKeeper
let containers: Containers

beforeAll(async () => {
  docker = owned.use(await DockerEngine.start())
  images = await makeImages(docker.engine, await ensureRedis())
})

afterAll(async () => {
  await owned.disposeAsync()
})

beforeEach(async () => {
  keeper = await ScratchKeeper.open()
  containers = { engine: docker.engine, images, keeper, signal }
})

afterEach(async () => {
  expect(await docker.engine.ofRun(keeper.run)).toEqual([])
  await keeper[Symbol.asyncDispose]()
})

const straight = (address: string) => ({ name: 'x', address, canaryAddress: address, add: () => Promise.reject(new Error('no proxy')) })

it('Postgres: answers, freezes, crashes, comes back on its data', async () => {
  await using postgres = await startPostgresContainer(containers)
  await postgres.query('create table kept as select 41 as value')
  expect(postgres.version).toMatch(/^18/)
  await postgres.signal('SIGSTOP')
  expect(await postgres.canary(straight(postgres.address), AbortSignal.timeout(500))).toHaveProperty('error')
  await postgres.signal('SIGCONT')
  expect(await postgres.canary(straight(postgres.address))).toEqual({ roundTripMs: expect.any(Number) })
  await postgres.crash()
  expect(await postgres.canary(straight(postgres.address))).toMatchObject({ error: 'ECONNREFUSED' })
  await postgres.restart()
  expect(await postgres.query('select value from kept')).toEqual([{ value: 41 }])
  // Its data lies at the same path, and yet it is another.
  await using other = await startPostgresContainer(containers)
  const folderOf = (one: typeof other) => one.query("select current_setting('data_directory') as folder")
  expect(await folderOf(other)).toEqual(await folderOf(postgres))
  const address = `postgres://postgres@${other.address}/postgres`
  const remedy: Remedy & { do: 'sql' } = { do: 'sql', url: address, identity: postgres.identity, statements: ['create table harmed ()'] }
  await expect(carryOut(remedy)).rejects.toMatchObject({ code: 'HEAL_REFUSED' })
  await carryOut({ ...remedy, identity: other.identity })
})

it('Redis: answers, crashes, comes back as another one', async () => {
  await using redis = await startRedisContainer(containers)
  const { runId } = redis
  expect(runId).not.toBe('')
  await redis.crash()
  expect(redis.running).toBe(false)
  await redis.restart()
  expect(await redis.canary(straight(redis.address))).toEqual({ roundTripMs: expect.any(Number) })
  expect(redis.runId).not.toBe(runId)
})

/**
 * By the proxy, by SQL, by the engine's signals, by a crash: all that postgres-outage,
 * redis-outage, rolling-restart and upstream-outage break, and more.
 */
const FAULTS = [
  ['postgres-refused', {}],
  ['postgres-latency', {}],
  ['postgres-sessions-killed', {}],
  ['postgres-postmaster-frozen', {}],
  ['postgres-backend-frozen', {}],
  ['redis-refused', {}],
  ['redis-frozen', {}],
  ['redis-latency', {}],
  ['redis-flushed', {}],
  ['server-frozen', {}],
  ['server-killed', {}],
  ['server-drained', {}],
  ['upstream-errors', {}],
  ['upstream-hang', {}],
  ['upstream-throttled', {}],
] as const

it('faults act inside containers as they do outside', async () => {
  const faults = await discover<FaultDefinition>('fault', path.join(ROOT, 'harness/faults'))
  await using stack = new AsyncDisposableStack()
  const postgres = stack.use(await startPostgresContainer(containers))
  await postgres.query('create role app login')
  const redis = stack.use(await startRedisContainer(containers))
  const upstream = stack.use(new Upstream(await startWorkerContainer(containers, UPSTREAM, ROOT)))
  const port = await freePort()
  const command = `node -e "process.on('SIGTERM', process.exit); require('http').createServer((q, r) => r.end()).listen(${port}, '127.0.0.1')" && true`
  const at = { cwd: ROOT, env: {}, readyUrl: `http://127.0.0.1:${port}/`, logFile: path.join(keeper.folder, 'server-1.log'), instance: 1 }
  const server = stack.use(await startServerContainer(containers, { ...at, command }, ROOT))
  const addresses = { postgres: postgres.address, redis: redis.address, upstream: upstream.address, server: `127.0.0.1:${port}` }
  const links = Object.entries(addresses).map(([name, to]) => ({ name, to, delayMs: 0 }))
  const proxy = stack.use(await startProxy({ keeper, links, attemptsFile: path.join(keeper.folder, 'links.ndjson'), signal }))
  const reached = { links: proxy.links, url: at.readyUrl, metricsUrls: { 1: at.readyUrl } }
  const environment: Environment = { ...reached, postgres, redis, upstream, servers: [server] }
  for (const [id, given] of FAULTS) {
    const { value } = faults.get(id)
    await using injected = await value.inject(environment, resolve(id, value.parameters, given), signal)
    await expect.poll(() => injected.felt(), { timeout: 5_000, message: id }).toMatchObject({ seen: true })
    await injected[Symbol.asyncDispose]()
    await expect.poll(() => injected.healed(), { timeout: 10_000, message: id }).toMatchObject({ seen: true })
  }
})

it('what a killed run left in the engine is removed at the next start', async () => {
  const parent = path.join(keeper.folder, 'leases')
  const lease = new Lease(keeper.run, parent)
  await startRedisContainer({ ...containers, keeper: lease })
  expect(await docker.engine.ofRun(lease.run)).toHaveLength(1)
  const file = path.join(parent, `${lease.run}.json`)
  const content = JSON.parse(await readFile(file, 'utf8'))
  await writeFile(file, JSON.stringify({ ...content, harness: { pid: 0, name: 'harness' } }))
  expect(await sweep(parent)).toEqual([expect.stringMatching(/ended \d process(es)? and 1 container, removed its folder/)])
})

it('a worker and a server: orders, logs, signals', async () => {
  await using upstream = new Upstream(await startWorkerContainer(containers, UPSTREAM, ROOT))
  const ask = async () => (await request(`http://${upstream.address}/rate?base=EUR&quote=USD`)).statusCode
  expect(await ask()).toBe(200)
  const errors = await upstream.behave({ kind: 'errors', status: 503, share: 1, seed: 0 })
  expect(await ask()).toBe(503)
  await errors.remove()
  expect(await upstream.hits()).toBe(2)

  const port = await freePort()
  const script = `process.on('SIGTERM', process.exit); console.log('{"up":1}'); require('http').createServer((q, r) => r.end('hello')).listen(${port}, '127.0.0.1')`
  const readyUrl = `http://127.0.0.1:${port}/`
  // A command that a shell stays in front of, as `npm start` does.
  const options = { command: `node -e "${script.replaceAll('"', '\\"')}" && true`, cwd: ROOT, env: {}, readyUrl, instance: 1 }
  await using server = await startServerContainer(containers, { ...options, logFile: path.join(keeper.folder, 'server-1.log') }, ROOT)
  expect((await request(readyUrl)).statusCode).toBe(200)
  expect(await server.signal('SIGTERM')).toBe(true)
  await expect.poll(() => server.hasGone(), { interval: 20, timeout: 10_000 }).toBe(true)
  await server.restart()
  await server.kill()
  await expect(request(readyUrl)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await server.restart()
  expect((await request(readyUrl)).statusCode).toBe(200)
})
