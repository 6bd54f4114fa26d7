// The samplers against what they really read: a metrics page, a Postgres, processes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureRedis } from '../../setup.mjs'
import { discover } from '../discover.ts'
import { startChild } from '../environment/child.ts'
import { startIdentityProvider } from '../environment/identity-provider.ts'
import { type PostgresService, startPostgres } from '../environment/postgres.ts'
import { startRedis } from '../environment/redis.ts'
import { ScratchKeeper } from '../environment/scratch-keeper.ts'
import type { Environment } from '../environment/service.ts'
import { acceptQueue } from './accept-queue.ts'
import { identityProvider as identityProviderSampler } from './identity-provider.ts'
import { machine } from './machine.ts'
import { postgres as postgresSampler } from './postgres.ts'
import { probes } from './probes.ts'
import { process as processSampler } from './process.ts'
import { prometheus } from './prometheus.ts'
import { redis as redisSampler } from './redis.ts'
import type { Sampler } from './sampler.ts'

const { signal } = new AbortController()
const owned = new AsyncDisposableStack()
let keeper: ScratchKeeper
let postgres: PostgresService

beforeAll(async () => {
  keeper = owned.use(await ScratchKeeper.open())
  postgres = owned.use(await startPostgres({ keeper, signal }))
  await postgres.query('create role app login; create role parallel login; create table held (id int); grant all on held to app')
})

afterAll(async () => {
  await owned.disposeAsync()
})

const nothing: Environment = { links: {}, servers: [], url: 'http://127.0.0.1:1/mcp' }

it('are found, and apply only where there is something to read', async () => {
  const { all, ids } = await discover<Sampler>('sampler', import.meta.dirname)
  expect(ids).toEqual(expect.arrayContaining(['postgres', 'probes', 'process', 'prometheus', 'redis']))
  expect(all.filter(({ value }) => value.applies(nothing, {}))).toEqual([])
})

describe('prometheus', () => {
  it('reads the series that the target names, over one connection', async () => {
    const text = 'pool_used{pool="cheap"} 2\npool_used{pool="other"} 1\nbreaker{dependency="postgres"} 1\nunused 9\n'
    let connections = 0
    let status = 200
    const server = createServer((_request, response) => response.writeHead(status).end(text))
    server.on('connection', () => connections++)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`
    const observe = { metrics: { url, poolUsed: 'pool_used', breakerOpen: 'breaker==1', inFlight: 'in_flight' } }
    const metricsMs = expect.any(Number)
    const values = { 'poolUsed{pool="cheap"}': 2, 'poolUsed{pool="other"}': 1, 'breakerOpen{dependency="postgres"}': 1, metricsMs }
    expect(prometheus.applies(nothing, observe)).toBe(true)
    expect(await prometheus.sample(nothing, observe, signal)).toEqual([{ values }])
    expect(await prometheus.sample(nothing, observe, signal)).toEqual([{ values }])
    expect(connections).toBe(1)
    const seen: unknown[] = []
    const texts: string[] = []
    const watched: Environment = {
      ...nothing,
      metricsSeen: (instance, told) => seen.push([instance, told]),
      metricsText: (told) => texts.push(told),
    }
    expect(prometheus.applies(watched, { metrics: { url } })).toBe(true)
    expect(await prometheus.sample(watched, { metrics: { url } }, signal)).toEqual([{ values: { metricsMs } }])
    status = 500
    await expect(prometheus.sample(watched, observe, signal)).rejects.toThrow('500')
    expect(seen).toEqual([
      ['server', text],
      ['server', undefined],
    ])
    await expect(prometheus.sample(watched, observe, AbortSignal.abort())).rejects.toThrow()
    expect(seen).toHaveLength(2)
    expect(texts).toEqual([text])
    server.closeAllConnections()
    server.close()
  })

  it('throws, within its second, when nobody answers', async () => {
    const silent = createServer(() => {})
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/metrics`
    await expect(prometheus.sample(nothing, { metrics: { url, inFlight: 'x' } }, signal)).rejects.toThrow()
    silent.closeAllConnections()
    silent.close()
  })
})

describe('postgres', () => {
  it("counts the app's connections by what they do", async () => {
    const environment = { ...nothing, database: postgres }
    const observe = { postgres: { role: 'app' } }
    expect(postgresSampler.applies(environment, observe)).toBe(true)
    const [host, port] = postgres.address.split(':')
    const clients = Array.from(
      { length: 3 },
      () => new pg.Client({ host, port: Number(port), user: 'app', database: 'postgres', ssl: false }),
    )
    await using stack = new AsyncDisposableStack()
    stack.defer(async () => void (await Promise.all(clients.map((client) => client.end()))))
    await Promise.all(clients.map((client) => client.connect()))
    const [holder, waiter] = clients
    await holder?.query('begin; lock table held; select pg_advisory_lock(1)')
    const waiting = waiter?.query('select from held').then(() => 'seen', String)
    await expect
      .poll(() => postgresSampler.sample(environment, observe, signal))
      .toEqual([
        {
          values: {
            connections: 3,
            active: 1,
            idleInTransaction: 1,
            lockWaiting: 1,
            advisoryLocks: 1,
            longestActiveMs: expect.any(Number),
            activeOverSecond: expect.any(Number),
            maxConnections: 100,
          },
        },
      ])
    await holder?.query('commit')
    expect(await waiting).toBe('seen')
  })

  it('takes no process of Postgres itself for a connection of its superuser', async () => {
    const launchers = "select usename from pg_stat_activity where backend_type = 'logical replication launcher'"
    expect(await postgres.query(launchers)).toEqual([{ usename: 'postgres' }])
    const [reading] = await postgresSampler.sample({ ...nothing, database: postgres }, { postgres: { role: 'postgres' } }, signal)
    expect(reading?.values).toMatchObject({ connections: 0 })
  })

  it('takes the workers of one parallel statement for no connections and no statements', async () => {
    const [host, port] = postgres.address.split(':')
    const client = new pg.Client({ host, port: Number(port), user: 'parallel', database: 'postgres', ssl: false })
    await client.connect()
    await client.query('set debug_parallel_query = on')
    const cancelled = client.query('select pg_sleep(30)').then(() => 'slept', String)
    try {
      const workers = `select pid from pg_stat_activity where usename = 'parallel' and backend_type = 'parallel worker'`
      await expect.poll(() => postgres.query(workers)).toHaveLength(1)
      const [reading] = await postgresSampler.sample({ ...nothing, database: postgres }, { postgres: { role: 'parallel' } }, signal)
      expect(reading?.values).toMatchObject({ connections: 1, active: 1 })
    } finally {
      await postgres.query(`select pg_cancel_backend(pid) from pg_stat_activity where usename = 'parallel' and leader_pid is null`)
      expect(await cancelled).toContain('canceling statement')
      await client.end()
    }
  })
})

describe('process', () => {
  it('measures cores and memory of a process, from the second reading on', async () => {
    const busy = await startChild({ keeper, name: 'busy', file: process.execPath, args: ['-e', 'console.log("busy"); for (;;);'] })
    await using _busy = { [Symbol.asyncDispose]: async () => void (await busy.stop('SIGKILL', 1_000)) }
    await busy.said(/busy/, 10_000, signal)
    const environment: Environment = { ...nothing, processes: { k6: busy.pid, harness: process.pid, proxy: 999_999_999 } }
    expect(processSampler.applies(environment, {})).toBe(true)
    const first = await processSampler.sample(environment, {}, signal)
    expect(first).toEqual([
      { instance: 'k6', atMs: expect.any(Number), values: { rssBytes: expect.any(Number) } },
      { instance: 'harness', atMs: expect.any(Number), values: { rssBytes: expect.any(Number) } },
    ])
    // The busy one cannot have used nothing for long.
    await expect
      .poll(async () => (await processSampler.sample(environment, {}, signal))[0]?.values.cpuShare, { interval: 200, timeout: 10_000 })
      .toBeGreaterThan(0.1)
    expect(first[1]?.values.rssBytes).toBeGreaterThan(20_000_000)
  })

  it('measures for how long a thread of the server wanted a core and had none', async () => {
    // One more than there are cores.
    const spinning = Array.from({ length: availableParallelism() + 1 }, () => '(while :; do :; done) &').join(' ')
    const busy = await startChild({ keeper, name: 'busy', file: 'sh', args: ['-c', `${spinning} echo busy; wait`] })
    const server = { instance: 1, pid: busy.pid } as Environment['servers'][number]
    try {
      await busy.said(/busy/, 10_000, signal)
      const environment: Environment = { ...nothing, servers: [server] }
      const share = async () => (await processSampler.sample(environment, {}, signal))[0]?.values.coreWaitShare
      expect(await share()).toBeUndefined()
      if (process.platform === 'linux') await expect.poll(share, { interval: 200, timeout: 10_000 }).toBeGreaterThan(0.1)
    } finally {
      process.kill(-busy.pid, 'SIGKILL')
    }
  })

  it('tells programs that are none of the run’s, where it has started all that its load keeps busy', async () => {
    // Its parent is gone when it is looked at, and with it whatever made it one of ours.
    const script = `${process.execPath} -e 'for (;;);' & echo "pid $!"`
    const left = await startChild({ keeper, name: 'left', file: 'setsid', args: ['sh', '-c', script] })
    const stranger = Number((await left.said(/^pid \d+/, 10_000, signal)).slice(4))
    const server = { instance: 1, pid: process.pid } as Environment['servers'][number]
    const others = async (environment: Environment) =>
      (await processSampler.sample(environment, {}, signal)).find(({ instance }) => instance === 'others')?.values
    try {
      const ours: Environment = { ...nothing, servers: [server] }
      await expect.poll(async () => (await others(ours))?.cpuShare, { interval: 200, timeout: 10_000 }).toBeGreaterThan(0.05)
      const given = { ...ours, links: { postgres: {} as Environment['links'][string] } }
      expect(await others(given)).toBeUndefined()
      expect(await others({ ...nothing, processes: { harness: process.pid } })).toBeUndefined()
    } finally {
      process.kill(stranger, 'SIGKILL')
    }
  })
})

describe('accept-queue', () => {
  it('counts who waits at the door of a server that accepts nobody', async () => {
    const code = `require('node:net').createServer().listen(0, '127.0.0.1', function () {
      console.log('port ' + this.address().port)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })`
    const busy = await startChild({ keeper, name: 'busy', file: process.execPath, args: ['-e', code] })
    await using stack = new AsyncDisposableStack()
    stack.defer(async () => void (await busy.stop('SIGKILL', 1_000)))
    const port = Number((await busy.said(/^port \d+/, 10_000, signal)).slice(5))
    for (let n = 0; n < 3; n++) {
      const client = stack.adopt(connect(port, '127.0.0.1'), (socket) => void socket.destroy())
      await once(client, 'connect')
    }
    const environment: Environment = { ...nothing, doors: { '1': port, balancer: 1 } }
    expect(acceptQueue.applies(environment, {})).toBe(process.platform === 'linux')
    const waiting = process.platform === 'linux' ? [{ instance: '1', values: { acceptQueue: 3 } }] : []
    expect(await acceptQueue.sample(environment, {}, signal)).toEqual(waiting)
  })
})

describe('machine', () => {
  it('tells when it stood still, with the moment, and what the host took', async () => {
    const environment: Environment = { ...nothing, processes: { harness: process.pid } }
    expect(machine.applies(environment, {})).toBe(true)
    expect(await machine.sample(environment, {}, signal)).toEqual([])
    const shares = async () => (await machine.sample(environment, {}, signal)).at(-1)?.values.stolenShare
    if (process.platform === 'linux') await expect.poll(shares, { interval: 50, timeout: 10_000 }).toBeGreaterThanOrEqual(0)
    machine.end?.(environment)
  })

  it('a thread that cannot run is what it sees', async () => {
    const stills = path.join(import.meta.dirname, 'stills/stills.ts')
    const told = 'setInterval(() => console.log(JSON.stringify(stills.take())), 20)'
    const code = `import { Stills } from ${JSON.stringify(stills)}; const stills = new Stills(20); ${told}`
    const watch = await startChild({ keeper, name: 'watch', file: process.execPath, args: ['--input-type=module', '-e', code] })
    await using _watch = { [Symbol.asyncDispose]: async () => void (await watch.stop('SIGKILL', 1_000)) }
    const begunMs = Date.now()
    const stoppedFor300Ms = async () => {
      process.kill(watch.pid, 'SIGSTOP')
      await setTimeout(300)
      process.kill(watch.pid, 'SIGCONT')
      const told = watch.lastLines(100).flatMap((line) => JSON.parse(line) as { atMs: number; stillMs: number }[])
      return told.some(({ atMs, stillMs }) => stillMs >= 290 && atMs - stillMs >= begunMs - 100 && atMs <= Date.now())
    }
    // Its thread may not be there yet at the first time.
    await expect.poll(stoppedFor300Ms, { interval: 200, timeout: 20_000 }).toBe(true)
  })
})

describe('probes', () => {
  it('say what each address answers; 0 when nobody does', async () => {
    const server = createServer((request, response) => response.writeHead(request.url === '/livez' ? 200 : 503).end('no'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const observe = { probes: { live: `${url}/livez`, ready: `${url}/readyz` } }
    expect(probes.applies(nothing, observe)).toBe(true)
    expect(await probes.sample(nothing, observe, signal)).toEqual([
      { values: { liveStatus: 200, liveMs: expect.any(Number), readyStatus: 503, readyMs: expect.any(Number) } },
    ])
    server.closeAllConnections()
    server.close()
    expect((await probes.sample(nothing, observe, signal))[0]?.values).toMatchObject({ liveStatus: 0, readyStatus: 0 })
  })
})

describe('identity-provider', () => {
  it('tells how often its key set was asked for, while it is away as well; one that has gone is a gap', async () => {
    const provider = await startIdentityProvider({ keeper, signal, clients: [] })
    const environment = { ...nothing, identityProvider: provider }
    expect(identityProviderSampler.applies(environment, {})).toBe(true)
    for (let n = 0; n < 3; n++) await (await fetch(`${provider.issuer}/jwks`)).body?.cancel()
    await provider.pause()
    expect(await identityProviderSampler.sample(environment, {}, signal)).toEqual([{ values: { keySetRequests: 3 } }])
    await provider[Symbol.asyncDispose]()
    await expect(identityProviderSampler.sample(environment, {}, signal)).rejects.toThrow()
  })
})

describe('redis', () => {
  it('reads clients, memory and keys; one that has gone is a gap', async () => {
    const redis = await startRedis({ keeper, signal, program: await ensureRedis() })
    const environment = { ...nothing, redis }
    expect(redisSampler.applies(environment, {})).toBe(true)
    const [reading] = await redisSampler.sample(environment, {}, signal)
    expect(reading?.values).toMatchObject({ keys: 0, clients: 1 })
    expect(reading?.values.memoryBytes).toBeGreaterThan(100_000)
    await redis[Symbol.asyncDispose]()
    await expect(redisSampler.sample(environment, {}, signal)).rejects.toThrow()
  })
})
