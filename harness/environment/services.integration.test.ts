// Postgres and Redis as a run starts them: reachable, watched by canaries, gone afterwards.
import { chmod, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureRedis } from '../../setup.mjs'
import { freePort } from './free-port.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import { ScratchKeeper } from './scratch-keeper.ts'
import type { Link } from './service.ts'

const { signal } = new AbortController()
let keeper: ScratchKeeper

beforeEach(async () => {
  keeper = await ScratchKeeper.open()
})

afterEach(async () => {
  await keeper[Symbol.asyncDispose]()
})

/** The service itself, as if it were behind a link. */
const straight = (address: string): Link => ({
  name: 'x',
  address,
  canaryAddress: address,
  add: () => Promise.reject(new Error('no proxy')),
})

describe('Postgres', () => {
  it('answers queries and canaries, and is gone afterwards', async () => {
    const postgres = await startPostgres({ keeper, signal, maxConnections: 23 })
    const [settings] = await postgres.query(
      "select current_user::text as user, current_setting('max_connections') as max, current_setting('application_name') as name, current_setting('statement_timeout') as statement",
    )
    expect(settings).toEqual({ user: 'postgres', max: '23', name: 'stampede', statement: '14s' })
    expect(await postgres.query('select $1::int + 1 as sum', [41])).toEqual([{ sum: 42 }])
    expect(await postgres.canary(straight(postgres.address), signal)).toEqual({ roundTripMs: expect.any(Number) })
    expect(postgres.version).toMatch(/^\d+\.\d+$/)
    await postgres[Symbol.asyncDispose]()
    expect(await keeper.alive()).toEqual([])
    expect(await postgres.canary(straight(postgres.address), signal)).toMatchObject({ error: 'ECONNREFUSED' })
  })

  it('outlives the loss of its own admin connections', async () => {
    await using postgres = await startPostgres({ keeper, signal })
    await postgres.query('select 1')
    await expect(postgres.query('select pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject({ code: '57P01' })
    expect(await postgres.query('select 1 as one')).toEqual([{ one: 1 }])
  })

  it('says why with its last lines when it refuses to start', async () => {
    await expect(startPostgres({ keeper, signal, maxConnections: -1 })).rejects.toMatchObject({
      code: 'POSTGRES_DID_NOT_START',
      message: expect.stringContaining('max_connections'),
    })
    expect(await keeper.alive()).toEqual([])
  })

  it('leaves nothing behind when the run is aborted while it starts', async () => {
    const run = new AbortController()
    const starting = startPostgres({ keeper: { ...keeper, run: 'x', folder: keeper.folder, process: kept }, signal: run.signal })
    function kept(pid: number, name: string) {
      keeper.process(pid, name)
      if (name === 'postgres') run.abort(new Error('Ctrl-C'))
    }
    await expect(starting).rejects.toThrow('Ctrl-C')
    expect(await keeper.alive()).toEqual([])
  })

  it('crashes, and comes back on its data and port', async () => {
    await using postgres = await startPostgres({ keeper, signal })
    await postgres.query('create table kept as select 41 as value')
    const { pid } = postgres
    await postgres.crash()
    expect(postgres.running).toBe(false)
    expect(await postgres.canary(straight(postgres.address), signal)).toMatchObject({ error: 'ECONNREFUSED' })
    await postgres.restart()
    await postgres.restart()
    expect(postgres.pid).not.toBe(pid)
    expect(await postgres.query('select value from kept')).toEqual([{ value: 41 }])
  })

  it('is stopped even when it is frozen', async () => {
    const postgres = await startPostgres({ keeper, signal })
    expect(await postgres.signal('SIGSTOP')).toBe(true)
    await postgres[Symbol.asyncDispose]()
    expect(await keeper.alive()).toEqual([])
    expect(await postgres.signal('SIGCONT')).toBe(false)
  })

  it('gives a canary a word for what went wrong', async () => {
    const nobody = `127.0.0.1:${await freePort()}`
    await using postgres = await startPostgres({ keeper, signal })
    expect(await postgres.canary(straight(nobody), signal)).toMatchObject({ error: 'ECONNREFUSED' })
    expect(await postgres.canary(straight(postgres.address), AbortSignal.abort())).toMatchObject({ error: 'ABORTED' })
  })
})

describe('Redis', () => {
  it('answers canaries, and is gone afterwards', async () => {
    const redis = await startRedis({ keeper, signal, program: await ensureRedis() })
    expect(await redis.canary(straight(redis.address), signal)).toEqual({ roundTripMs: expect.any(Number) })
    expect(redis.version).toMatch(/^\d+\.\d+\.\d+$/)
    await redis[Symbol.asyncDispose]()
    expect(await keeper.alive()).toEqual([])
    expect(await redis.canary(straight(redis.address), signal)).toMatchObject({ error: 'ECONNREFUSED' })
  })

  it('crashes, and comes back on its port', async () => {
    await using redis = await startRedis({ keeper, signal, program: await ensureRedis() })
    await redis.signal('SIGSTOP')
    await redis.crash()
    expect(redis.running).toBe(false)
    await redis.restart()
    expect(await redis.canary(straight(redis.address), signal)).toEqual({ roundTripMs: expect.any(Number) })
  })

  it('says why with its last lines when it refuses to start', async () => {
    const file = path.join(keeper.folder, 'redis-server')
    await writeFile(file, '#!/bin/sh\necho "Can not open the log"\nexit 1\n')
    await chmod(file, 0o755)
    await expect(startRedis({ keeper, signal, program: file })).rejects.toMatchObject({
      code: 'REDIS_DID_NOT_START',
      message: expect.stringContaining('Can not open the log'),
    })
  })
})
