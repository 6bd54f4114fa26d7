// Postgres, Redis, the harness's workers and the server under test in containers: the same classes as the local ones, launched
// another way. Images are pinned; IMAGES names those of the public registry, tests make their own.
import { open } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { type ContainerVessel, containerLauncher } from './container.ts'
import type { Engine } from './engine.ts'
import { freePort } from './free-port.ts'
import { PostgresService } from './postgres.ts'
import { RedisService } from './redis.ts'
import { runIdOf } from './redis-identity.ts'
import { ServerInstance } from './server-instance.ts'
import type { ServerOptions } from './server-under-test.ts'
import { answers } from './server-under-test.ts'
import type { Keeper, Service } from './service.ts'
import { announced, type Work, Worker } from './worker.ts'

export interface Images {
  postgres: string
  redis: string
  node: string
}

export const IMAGES: Images = { postgres: 'postgres:18.4', redis: 'redis:8.4', node: 'node:24.21-bookworm-slim' }

export interface Containers {
  engine: Engine
  images: Images
  keeper: Keeper
  signal: AbortSignal
}

export async function startPostgresContainer({ engine, images, keeper, signal }: Containers): Promise<PostgresService> {
  const port = await freePort()
  const settings = { port, listen_addresses: '127.0.0.1', fsync: 'off', full_page_writes: 'off' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const env = { POSTGRES_HOST_AUTH_METHOD: 'trust', POSTGRES_INITDB_ARGS: '-E UTF8 --no-locale', LC_ALL: 'C', TZ: 'UTC' }
  let seen: Answer | undefined
  const ready = async () => {
    seen = await asked(port)
    return seen !== undefined
  }
  const launch = containerLauncher({ engine, keeper, image: images.postgres, command: ['postgres', ...flags], env, ready, signal })
  const vessel = await launch(signal)
  return withRemoval(new PostgresService(vessel, port, seen?.version ?? 'unknown', seen?.folder ?? '', launch), vessel)
}

interface Answer {
  folder: string
  version: string
}

async function asked(port: number): Promise<Answer | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
    connectionTimeoutMillis: 2_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<Answer>(
      "select current_setting('data_directory') as folder, split_part(current_setting('server_version'), ' ', 1) as version",
    )
    return rows[0]
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

export async function startRedisContainer({ engine, images, keeper, signal }: Containers): Promise<RedisService> {
  const port = await freePort()
  const command = ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const ready = async () => (await runIdOf(`127.0.0.1:${port}`)) !== undefined
  const launch = containerLauncher({ engine, keeper, image: images.redis, command, ready, signal })
  const vessel = await launch(signal)
  const version = /version=([\d.]+)/.exec(await engine.lastLines(vessel.id, 100))?.[1] ?? 'unknown'
  return withRemoval(await new RedisService(vessel, port, version, launch).identify(), vessel)
}

/** @param root the checkout, which the container may read at the same path */
export async function startWorkerContainer(
  { engine, images, keeper, signal }: Containers,
  { name, file, settings }: Work,
  root: string,
): Promise<Worker> {
  let line: string | undefined
  const command = ['node', path.join(import.meta.dirname, file)]
  const env = { SETTINGS: JSON.stringify(settings) }
  const ready = async ({ id }: ContainerVessel) => {
    line = /^ready \{.*$/m.exec(await engine.lastLines(id))?.[0]
    return line !== undefined
  }
  const vessel = await containerLauncher({ engine, keeper, image: images.node, command, env, folders: [root], ready, signal })(signal)
  return withRemoval(new Worker(vessel, name, announced(line ?? '')), vessel)
}

/** The target's own command, in a container that may read the checkout at the same path. */
export async function startServerContainer(
  { engine, images, keeper, signal }: Containers,
  { command, cwd, env, readyUrl, anyAnswer, readyWithinMs, logFile, instance }: Omit<ServerOptions, 'keeper' | 'signal'>,
  root: string,
): Promise<ServerInstance> {
  const ready = () => answers(readyUrl, AbortSignal.timeout(2_000), anyAnswer)
  const options = {
    engine,
    keeper,
    image: images.node,
    command: ['sh', '-c', command],
    env,
    folders: [root],
    cwd,
    ready,
    readyWithinMs,
    signal,
  }
  const launched = containerLauncher(options)
  const launch = async (stop?: AbortSignal) => {
    const sinceS = Math.floor(Date.now() / 1_000)
    const vessel = await launched(stop)
    void copyLog(vessel, sinceS, logFile).catch(() => undefined)
    return vessel
  }
  const vessel = await launch(signal)
  return withRemoval(new ServerInstance(vessel, instance, launch), vessel)
}

/** Until it ends. */
async function copyLog({ engine, id }: ContainerVessel, sinceS: number, logFile: string): Promise<void> {
  await using out = await open(logFile, 'a')
  for await (const text of engine.follow(id, sinceS)) await out.appendFile(text)
}

/** Stopped as ever; then nothing of the container is left either. */
function withRemoval<S extends Pick<Service, typeof Symbol.asyncDispose>>(service: S, { engine, id }: ContainerVessel): S {
  const stop = service[Symbol.asyncDispose].bind(service)
  return Object.assign(service, {
    [Symbol.asyncDispose]: async () => {
      await stop()
      await engine.remove(id)
    },
  })
}
