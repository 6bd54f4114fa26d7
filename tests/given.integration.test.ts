// A Postgres and a Redis of the user's own, the one behind a toxiproxy of theirs: the link is broken and healed, what is in them
// stays, and nothing acts inside them.
import path from 'node:path'
import { expect, test } from 'vitest'
import { startPostgres } from '../harness/environment/postgres.ts'
import { startRedis } from '../harness/environment/redis.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import { ensureRedis } from '../setup.mjs'
import { ROOT, Workshop } from './fixtures/cli.ts'
import { Toxiproxy } from './fixtures/toxiproxy.ts'

const { signal } = new AbortController()
const scenario = (name: string) => path.join(ROOT, `tests/fixtures/scenarios/${name}.ts`)

test('only the links of services that were given are broken', async () => {
  await using stack = new AsyncDisposableStack()
  using workshop = new Workshop()
  const keeper = stack.use(await ScratchKeeper.open())
  const postgres = stack.use(await startPostgres({ keeper, signal }))
  const redis = stack.use(await startRedis({ keeper, signal, program: await ensureRedis() }))
  const toxiproxy = stack.use(await Toxiproxy.start(keeper, signal))
  await toxiproxy.add('postgres', postgres.address)
  await postgres.query('create table kept as select 41 as value')
  const given = ['--postgres', `postgres://postgres@${postgres.address}/postgres`, '--redis', `redis://${redis.address}`]

  const refused = await workshop.cli('scenario', scenario('breakable'), '--target', 'tests/fixtures/targets/flagged.ts', ...given)
  expect(refused.code).toBe(254)
  expect(refused.stderr).toMatch(/FAULT_NOT_POSSIBLE: postgres-lock acts inside postgres[\s\S]*leave --postgres out/)

  const run = await workshop.scenario(scenario('short'), ...given, '--toxiproxy', toxiproxy.url)
  expect(run.statuses, run.why).toMatchObject({ 'bounded-time': 'pass', 'fault-felt': 'pass' })
  expect(run.manifest.offers['link:postgres']).toMatch(/leave --toxiproxy out/)
  expect(run.manifest.offers['link:redis']).toBe(true)
  expect(await toxiproxy.toxics('postgres')).toEqual([])
  expect(await postgres.query('select value from kept')).toEqual([{ value: 41 }])
  expect(redis.running).toBe(true)
})
