// Postgres, Redis, the harness's workers and the server under test in containers: the same classes as the local ones, launched
// another way. Images are pinned; IMAGES names those of the public registry, tests make their own.
import { open } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type ContainerVessel, containerLauncher } from './container.ts'
import type { Engine } from './engine.ts'
import { freePort } from './free-port.ts'
import { PostgresService } from './postgres.ts'
import { askPostgres, type PostgresAnswer } from './postgres-identity.ts'
import { RedisService } from './redis.ts'
import { runIdOf } from './redis-identity.ts'
import { ServerInstance } from './server-instance.ts'
import type { ServerOptions } from './server-under-test.ts'
import { answers } from './server-under-test.ts'
import type { Keeper, Service } from './service.ts'
import { announced, type Work, Worker } from './worker.ts'

/** The last lines of a container that has ended. */
const LOG_MS = 5_000

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
  let seen: PostgresAnswer | undefined
  const ready = async () => {
    seen = await askPostgres(port)
    return seen !== undefined
  }
  const launch = containerLauncher({ engine, keeper, image: images.postgres, command: ['postgres', ...flags], env, ready, signal })
  const vessel = await launch(signal)
  return withRemoval(new PostgresService(vessel, port, seen?.version ?? 'unknown', seen?.identity ?? '', launch), vessel)
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

/** The target's own command, in a container that may read the checkout, and where the command runs, at the same paths. */
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
    shell: true,
    env,
    folders: [...new Set([root, path.resolve(cwd)])],
    cwd: path.resolve(cwd),
    ready,
    readyWithinMs,
    signal,
  }
  const launched = containerLauncher(options)
  const logs: Promise<void>[] = []
  const launch = async (stop?: AbortSignal) => {
    const sinceS = Date.now() / 1_000
    const vessel = await launched(stop)
    logs.push(copyLog(vessel, sinceS, logFile).catch(() => undefined))
    return vessel
  }
  const vessel = await launch(signal)
  // With the container its last lines would be gone.
  const told = () => Promise.race([Promise.all(logs), pause(LOG_MS, undefined, { ref: false })])
  return withRemoval(new ServerInstance(vessel, instance, launch), vessel, told)
}

/** Until it ends. */
async function copyLog({ engine, id }: ContainerVessel, sinceS: number, logFile: string): Promise<void> {
  await using out = await open(logFile, 'a')
  for await (const text of engine.follow(id, sinceS)) await out.appendFile(text)
}

/** Stopped as ever; then nothing of the container is left either. */
function withRemoval<S extends Pick<Service, typeof Symbol.asyncDispose>>(
  service: S,
  { engine, id }: ContainerVessel,
  ended: () => Promise<unknown> = () => Promise.resolve(),
): S {
  const stop = service[Symbol.asyncDispose].bind(service)
  return Object.assign(service, {
    [Symbol.asyncDispose]: async () => {
      await stop()
      await ended()
      await engine.remove(id)
    },
  })
}
