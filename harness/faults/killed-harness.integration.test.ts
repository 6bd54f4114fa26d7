// A harness that is killed in the middle of a fault: what it broke in services that outlive it is healed by the next start,
// from the lease, by the commands that stand there.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ensureRedis } from '../../setup.mjs'
import { discover } from '../discover.ts'
import { type Child, startChild } from '../environment/child.ts'
import { ScratchKeeper } from '../environment/scratch-keeper.ts'
import type { Environment } from '../environment/service.ts'
import { sweep } from '../run/lease.ts'
import { stateOf } from './contract/state.ts'
import { startSurroundings } from './contract/surroundings.ts'
import type { FaultDefinition } from './fault.ts'
import { PostgresSession } from './postgres-session.ts'
import { RedisSession } from './redis-session.ts'

const faults = await discover<FaultDefinition>('fault', import.meta.dirname)
const owned = new AsyncDisposableStack()
const { signal } = new AbortController()
let keeper: ScratchKeeper
let environment: Environment
let leases: string
const harnesses: Child[] = []

beforeAll(async () => {
  keeper = owned.use(await ScratchKeeper.open())
  leases = await mkdtemp(path.join(os.tmpdir(), 'stampede-test-leases-'))
  owned.defer(() => rm(leases, { recursive: true, force: true }))
  environment = await startSurroundings(owned, keeper, await ensureRedis(), signal)
})

afterEach(async () => {
  for (const harness of harnesses.splice(0)) await harness.stop('SIGKILL', 1_000)
  await sweep(leases)
})

afterAll(async () => {
  await owned.disposeAsync()
})

const GIVEN: Record<string, Record<string, number | string>> = {
  'postgres-slow-statements': { table: 'ledger.rates', delayMs: 1_000 },
  'redis-clients-kicked': { everyMs: 50 },
}
/** It ends its own Redis, which the next start ends as well: there is nothing to bring back. */
const OWN = ['redis-refused']

const lasting = faults.all
  .filter(({ id, value }) => !value.momentary && !OWN.includes(id) && value.needs.some((need) => need === 'postgres' || need === 'redis'))
  .map(({ id }) => id)

describe.each(lasting)('%s', (id) => {
  it('is healed by the next start', async () => {
    await using open = await PostgresSession.open(environment.postgres?.address ?? '', { user: 'app' })
    // Some harm only whoever has a connection.
    const own: Record<string, () => Promise<string>> = { 'postgres-backend-frozen': () => answers(open), 'redis-clients-kicked': lives }
    const state = own[id] ?? (() => stateOf(environment))
    const before = await state()
    const harness = await startHarness(id)
    await expect.poll(state, { timeout: 5_000 }).not.toBe(before)
    await harness.stop('SIGKILL', 1_000)
    const said = await sweep(leases)
    expect(said.join(' ')).not.toContain('was not healed')
    await expect.poll(state, { timeout: 5_000 }).toBe(before)
  })
})

async function lives(): Promise<string> {
  using session = await RedisSession.open(environment.redis?.address ?? '')
  await pause(150)
  return session.closed ? 'closed' : 'well'
}

async function answers(session: PostgresSession): Promise<string> {
  return await Promise.race([session.ask('select 1').then(() => 'well'), pause(300, 'silent')])
}

/** Another harness, with a lease of its own, that injects the fault and would heal it after a minute. */
async function startHarness(id: string) {
  const { postgres, redis, links } = environment
  if (!postgres || !redis) throw new Error('nothing to break')
  const at = (file: string) => JSON.stringify(import.meta.resolve(file))
  const vessel = (pid: number) =>
    `{ pid: ${pid}, running: true, exited: new Promise(() => {}), signal: (name) => process.kill(${pid}, name), stop: async () => {} }`
  const [postgresPort, redisPort] = [postgres, redis].map(({ address }) => Number(address.split(':')[1]))
  const text = `
    const [{ Lease }, { PostgresService }, { RedisService }, { discover }, { resolve }] = await Promise.all([
      import(${at('../run/lease.ts')}), import(${at('../environment/postgres.ts')}), import(${at('../environment/redis.ts')}),
      import(${at('../discover.ts')}), import(${at('../parameters.ts')})])
    const postgres = new PostgresService(${vessel(postgres.pid)}, ${postgresPort}, '18', ${JSON.stringify(postgres.identity)}, async () => {})
    const redis = await new RedisService(${vessel(redis.pid)}, ${redisPort}, '7', async () => {}).identify()
    const links = ${JSON.stringify({ postgres: links.postgres, redis: links.redis })}
    const environment = { keeper: new Lease('st-${id}', ${JSON.stringify(leases)}), links, postgres, redis, servers: [], url: '' }
    const { value } = (await discover('fault', ${JSON.stringify(import.meta.dirname)})).get('${id}')
    const parameters = resolve('${id}', value.parameters, ${JSON.stringify(GIVEN[id] ?? {})})
    await value.inject(environment, parameters, new AbortController().signal)
    console.log('injected')
    setTimeout(() => {}, 60_000)`
  const file = path.join(keeper.folder, `${id}.mjs`)
  await writeFile(file, text)
  const harness = await startChild({ keeper, name: 'harness', file: process.execPath, args: [file] })
  harnesses.push(harness)
  await harness.said(/^injected$/, 15_000, signal)
  return harness
}
