// The process: settings, database, ports, signals. Exits 0 after a drain, 1 when it could not start, with one line that says
// what to change.
import type http from 'node:http'
import { createAdminServer } from './admin-http.ts'
import { connectionsMax, type Settings, SettingsError, settingsFrom } from './config.ts'
import { createLog, type Log } from './log.ts'
import { compose, type Parts } from './parts.ts'
import { createDesk, type DeskServer } from './server.ts'
import { migrate } from './store/migrate.ts'
import { isConnectionFailure } from './store/postgres.ts'
import { weakened } from './weaknesses/weakness.ts'

/** Shorter than what starts a server waits for it (30 s, often): this program's own sentence says more than the other's. */
const MIGRATE_WITHIN_MS = 20_000
const MIGRATE_AGAIN_MS = 500

/** Something the person who starts the server can change. */
class StartError extends Error {}

async function main(): Promise<void> {
  const settings = settingsFrom(process.env)
  const log = createLog(settings)
  const parts = await weakened(await composed(settings, log), settings.WEAKNESS)
  await migrated(settings)
  const desk = createDesk(parts)
  await desk.running.warm()
  const admin = createAdminServer(desk.running)
  await listen(desk.http, settings.PORT, settings.HOST, 'PORT')
  await listen(admin, settings.ADMIN_PORT, settings.HOST, 'ADMIN_PORT')
  stopOnSignals(desk, admin, parts.settings, log)
  const { POOL_CHEAP: cheap, POOL_EXPENSIVE: expensive, POOL_WRITE: write, WEAKNESS: weakness } = settings
  log.event('started', {
    port: portOf(desk.http),
    admin_port: portOf(admin),
    pools: { cheap, expensive, write, sum: connectionsMax(settings) },
    weakness: weakness || undefined,
  })
}

/** The product, or what the conformance suite calls in its place. */
async function composed(settings: Settings, log: Log): Promise<Parts> {
  const parts = compose(settings, log)
  return settings.CONFORMANCE === '1' ? (await import('./conformance/fixtures.ts')).withFixtures(parts) : parts
}

/** Postgres may still be starting; other problems do not go away by waiting. */
async function migrated(settings: Settings): Promise<void> {
  const untilMs = performance.now() + MIGRATE_WITHIN_MS
  for (;;) {
    try {
      return await migrate(settings)
    } catch (error) {
      const worthWaiting = (error as { code?: unknown }).code !== undefined && isConnectionFailure(error)
      if (!worthWaiting) throw new StartError(`the database cannot be prepared: ${(error as Error).message}`, { cause: error })
      if (performance.now() > untilMs)
        throw new StartError(`Postgres did not answer within ${MIGRATE_WITHIN_MS / 1_000} s: check DATABASE_ADMIN_URL`, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, MIGRATE_AGAIN_MS))
    }
  }
}

async function listen(server: http.Server, port: number, host: string, setting: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (error: NodeJS.ErrnoException) => {
    const taken = error.code === 'EADDRINUSE' ? `port ${port} is in use` : `port ${port} cannot be opened (${error.code})`
    reject(new StartError(`${taken}: set ${setting} to another`))
  })
  server.listen(port, host, resolve)
  await promise
}

/** The port in use: with PORT=0 the system has chosen it. */
function portOf(server: http.Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' ? address?.port : undefined
}

function stopOnSignals(desk: DeskServer, admin: http.Server, settings: Settings, log: Log): void {
  let stopping = false
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1)
    stopping = true
    await desk.running.beforeExit(async () => {
      desk.running.leaving = true
      log.event('draining', { signal, in_flight: desk.running.inFlight })
      await new Promise((resolve) => setTimeout(resolve, settings.DRAIN_DELAY_MS))
      await desk.stop(settings.DRAIN_GRACE_MS)
      admin.closeAllConnections()
    })
    log.event('stopped')
    await log.close(500)
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
}

main().catch((error: unknown) => {
  const known = error instanceof SettingsError || error instanceof StartError
  process.stderr.write(known ? `${error.message}\n` : `${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
