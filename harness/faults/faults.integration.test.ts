import { appendFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureRedis } from '../../setup.mjs'
import { discover, type Units } from '../discover.ts'
import { PostgresService } from '../environment/postgres.ts'
import { RedisService } from '../environment/redis.ts'
import { ScratchKeeper } from '../environment/scratch-keeper.ts'
import type { Environment, Vessel } from '../environment/service.ts'
import { resolve } from '../parameters.ts'
import { startSurroundings } from './contract/surroundings.ts'
import { dependencyOf, type FaultDefinition, type Injected, type Proof } from './fault.ts'
import { PostgresSession } from './postgres-session.ts'

const faults: Units<FaultDefinition> = await discover<FaultDefinition>('fault', import.meta.dirname)
const owned = new AsyncDisposableStack()
const running = new AbortController()
let keeper: ScratchKeeper
let environment: Environment

beforeAll(async () => {
  keeper = owned.use(await ScratchKeeper.open())
  environment = await startSurroundings(owned, keeper, await ensureRedis(), running.signal)
})

afterAll(async () => {
  await owned.disposeAsync()
})

/** Every variant of a fault, with what makes it quick to look at. */
const VARIANTS: Record<string, Record<string, number | string>[]> = {
  'postgres-latency': [{ delayMs: 60 }],
  'redis-latency': [{ delayMs: 60 }, { delayMs: 60, stream: 'downstream', toxicity: 0.5, seed: 3 }],
  'postgres-refused': [{}, { by: 'crash' }],
  'postgres-slow-statements': [{ delayMs: 300 }, { table: 'ledger.rates', delayMs: 300 }],
  'postgres-lock': [{}, { what: 'rows' }],
  'redis-refused': [{}, { by: 'shutdown' }],
  'redis-read-only': [{}, { says: 'MASTERDOWN' }, { says: 'NOREPLICAS' }],
  'redis-clients-kicked': [{ everyMs: 100 }],
  'connections-reset': [{}, { dependency: 'redis' }],
  'connect-black-hole': [{}, { dependency: 'redis' }],
  'cut-mid-response': [{}, { dependency: 'redis' }, { dependency: 'upstream', share: 0.5, seed: 7 }],
  'upstream-errors': [{}, { share: 0.5, seed: 3 }],
  'upstream-hang': [{}, { how: 'trickle' }],
  'keys-rotated': [{}, { old: 'forgotten' }],
  'server-killed': [{ instance: 2 }],
  'server-drained': [{ instance: 2 }],
  'server-frozen': [{ instance: 2 }],
}

const cases = faults.all.flatMap(({ id, value }) =>
  (VARIANTS[id] ?? [{}]).map((given) => ({ id, given, name: `${id} ${JSON.stringify(given)}`, fault: value })),
)
const inForce: Injected[] = []

async function inject(
  { id, given = {} }: { id: string; given?: Record<string, number | string> },
  signal = running.signal,
  where = environment,
) {
  const { value } = faults.get(id)
  const injected = await value.inject(where, resolve(id, value.parameters, given), signal)
  inForce.push(injected)
  return injected
}

// What one of them leaves behind must not be the next one's failure.
afterEach(async () => {
  for (const injected of inForce.splice(0)) await injected[Symbol.asyncDispose]()
})

/** The proof, once it is one. */
async function seen(look: () => Promise<Proof>): Promise<Proof> {
  let last: Proof | undefined
  const again = async () => {
    last = await look()
    return last
  }
  await expect.poll(again, { timeout: 10_000, interval: 20 }).toMatchObject({ seen: true })
  return last as Proof
}

it('finds the faults of the catalogue', () => {
  expect(faults.ids.length).toBeGreaterThanOrEqual(30)
})

describe.each(cases)('$name', ({ id, given, fault }) => {
  it('is felt, then healed, and healed twice', async () => {
    const injectedMs = performance.now()
    const injected = await inject({ id, given })
    const felt = await seen(() => injected.felt())
    const feltMs = performance.now() - injectedMs
    if (!fault.momentary) expect(await injected.healed()).toMatchObject({ seen: false })
    const healingMs = performance.now()
    await injected[Symbol.asyncDispose]()
    await seen(() => injected.healed())
    const healMs = performance.now() - healingMs
    if (!fault.momentary) expect(await injected.felt()).toMatchObject({ seen: false })
    await injected[Symbol.asyncDispose]()
    expect(await injected.healed()).toMatchObject({ seen: true })
    const { FAULTS_MEASURED: file } = process.env
    if (file) await appendFile(file, `${JSON.stringify({ id, given, feltMs, healMs, felt: felt.detail })}\n`)
  })
})

describe.each(faults.all)('$id', ({ id, value: fault }) => {
  const [given = {}] = VARIANTS[id] ?? []

  it('heals by itself when the run is aborted', async () => {
    const run = new AbortController()
    const injected = await inject({ id, given }, run.signal)
    await seen(() => injected.felt())
    run.abort(new Error('Ctrl-C'))
    await seen(() => injected.healed())
  })

  it('does not act in a run that was aborted before', async () => {
    const reason = new Error('Ctrl-C')
    await expect(inject({ id, given }, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  it('says why it cannot act where there is nothing of the kind', async () => {
    const nothing: Environment = { links: {}, servers: [], url: environment.url }
    await expect(inject({ id, given }, running.signal, nothing)).rejects.toMatchObject({ code: 'FAULT_NOT_POSSIBLE' })
  })

  it('says where it is from, what it breaks and how faithful it is', () => {
    for (const text of [fault.summary, fault.source, fault.faithful]) expect(text.length).toBeGreaterThan(10)
    const parameters = resolve(id, fault.parameters, given)
    expect(['postgres', 'redis', 'upstream', 'identity-provider', 'server']).toContain(dependencyOf(fault, parameters))
    expect(Object.keys(fault.parameters)).toEqual(expect.arrayContaining([...(fault.grows ?? [])]))
  })
})

describe('a Postgres or Redis that is another', () => {
  const stranger: Vessel = {
    pid: process.pid,
    running: true,
    exited: new Promise(() => {}),
    signal: () => {
      throw new Error('it was signalled')
    },
    // Its own end is all that may reach it.
    stop: (signal) => (signal === 'SIGINT' ? Promise.resolve() : Promise.reject(new Error('it was stopped'))),
  }
  const launch = () => Promise.reject(new Error('it was started'))

  it.each(faults.all.filter(({ value }) => value.needs.includes('postgres')).map(({ id }) => id))('is refused by %s', async (id) => {
    const port = Number(environment.postgres?.address.split(':')[1])
    await using foreign = new PostgresService(stranger, port, '18', '/var/lib/postgresql/somebody-elses', launch)
    await expect(inject({ id }, running.signal, { ...environment, postgres: foreign })).rejects.toMatchObject({
      code: 'FAULT_NOT_POSSIBLE',
      message: expect.stringContaining('somebody-elses'),
    })
  })

  it.each(faults.all.filter(({ value }) => value.needs.includes('redis')).map(({ id }) => id))('is refused by %s', async (id) => {
    const port = Number(environment.redis?.address.split(':')[1])
    // Never asked who it is: it knows no run id, as one that was started anew by somebody else has another.
    const foreign = new RedisService(stranger, port, '7', launch)
    await expect(inject({ id }, running.signal, { ...environment, redis: foreign })).rejects.toMatchObject({
      code: 'FAULT_NOT_POSSIBLE',
      message: expect.stringContaining('run id'),
    })
  })
})

describe('slow statements', () => {
  const rows = async (table: string, tenant: string) => {
    await using session = await PostgresSession.open(environment.postgres?.address ?? '', { user: 'app' })
    await session.ask(`set app.tenant = '${tenant}'`)
    return (await session.ask(`select * from ${table} order by 1`)).length
  }

  it("never show another tenant's row, nor hide one, and are slow for a tenant without rows too", async () => {
    const injected = await inject({ id: 'postgres-slow-statements', given: { delayMs: 200 } })
    expect([await rows('ledger.invoices', 't0'), await rows('ledger.invoices', 't1')]).toEqual([50, 50])
    const begunMs = performance.now()
    expect(await rows('ledger.invoices', 'nobody')).toBe(0)
    expect(performance.now() - begunMs).toBeGreaterThan(190)
    await injected[Symbol.asyncDispose]()
    expect([await rows('ledger.invoices', 't0'), await rows('ledger.invoices', 'nobody')]).toEqual([50, 0])
  })

  it('leave a table without row-level security as it was, all rows seen meanwhile', async () => {
    const injected = await inject({ id: 'postgres-slow-statements', given: { table: 'ledger.rates', delayMs: 50 } })
    expect(await rows('ledger.rates', 't0')).toBe(2)
    await injected[Symbol.asyncDispose]()
    const [table] =
      (await environment.postgres?.query("select relrowsecurity as on from pg_class where oid = 'ledger.rates'::regclass")) ?? []
    expect(table).toEqual({ on: false })
  })

  it('end for whoever is in the middle of one', async () => {
    const injected = await inject({ id: 'postgres-slow-statements', given: { delayMs: 10_000 } })
    const asleep = rows('ledger.invoices', 't0')
    const query = "select 1 from pg_stat_activity where usename = 'app' and wait_event = 'PgSleep'"
    await expect.poll(() => environment.postgres?.query(query), { timeout: 5_000 }).toHaveLength(1)
    const begunMs = performance.now()
    await injected[Symbol.asyncDispose]()
    expect(await asleep).toBe(50)
    expect(performance.now() - begunMs).toBeLessThan(4_000)
  })

  it('end although the table is in use all the time', async () => {
    const injected = await inject({ id: 'postgres-slow-statements', given: { delayMs: 100 } })
    const over = new AbortController()
    const busy = Array.from({ length: 4 }, async () => {
      while (!over.signal.aborted) await rows('ledger.invoices', 't0')
    })
    try {
      await injected[Symbol.asyncDispose]()
      await seen(() => injected.healed())
    } finally {
      over.abort()
      await Promise.all(busy)
    }
  })

  it('are refused where the role owns the table: policies do not bind an owner', async () => {
    const given = { table: 'ledger.owned' }
    await expect(inject({ id: 'postgres-slow-statements', given })).rejects.toMatchObject({ code: 'FAULT_NOT_POSSIBLE' })
  })
})

describe('a server', () => {
  it('whose own writes are crossed gets 40P01, and no other error', async () => {
    await inject({ id: 'postgres-deadlock', given: { pauseMs: 0 } })
    const write = async () => {
      await using session = await PostgresSession.open(environment.postgres?.address ?? '', { user: 'app' })
      await session.ask(
        "begin; set local app.tenant = 't0'; update ledger.invoice_counters set last_number = last_number + 1 where tenant = 't0'",
      )
      await session.ask("insert into ledger.invoices (tenant, amount_cents) values ('t0', 1); rollback")
    }
    await expect
      .poll(
        () =>
          write().then(
            () => 'written',
            ({ code }) => code,
          ),
        { timeout: 15_000 },
      )
      .toBe('40P01')
  })

  it('keeps its answers when only a share is to be cut', async () => {
    const injected = await inject({ id: 'answers-cut', given: { afterBytes: 10, share: 0.3, seed: 4 } })
    expect(await injected.felt()).toMatchObject({ seen: true })
  })

  it('that is down is not taken for one whose answer was cut', async () => {
    const down = await environment.links.server?.add('down', {})
    const injected = await inject({ id: 'answers-cut' }).finally(() => down?.remove())
    expect(await injected.felt()).toMatchObject({ seen: false })
  })
})
