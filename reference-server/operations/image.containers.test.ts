// The image of the Dockerfile, on a base made here of this machine's Node, since no registry is asked: it starts as the user `node`
// on a read-only disk, answers a call, says that it is healthy, and drains on SIGTERM.
// Not proved here: the Dockerfile's first stage (npm ci, which needs the network) and the published base image.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { DockerEngine } from '../../tests/fixtures/docker-engine.ts'
import { closureOf, importedBy } from '../../tests/fixtures/packages.ts'
import { ROOT } from '../../tests/fixtures/source-files.ts'
import { deskEnvironment, headersOf, TOKENS, told, toolCall } from '../fixtures/desk.ts'

const BASE = 'stampede/node:local'
const IMAGE = 'stampede/ledger-desk:local'

let services: DeskServices
let engine: DockerEngine
const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-image-'))

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  engine = await DockerEngine.start()
  makeBase()
  buildImage()
}, 180_000)

afterAll(async () => {
  await engine?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

function docker(...args: string[]): string {
  const env = { ...process.env, DOCKER_BUILDKIT: '0' }
  return execFileSync('docker', ['-H', engine.engine.host, ...args], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

/** Node, the libraries that it is linked with, and the user that the published image has. */
function makeBase(): void {
  const root = path.join(folder, 'base')
  const node = realpathSync(process.execPath)
  const linked = execFileSync('ldd', [node], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)
  const files = [[node, 'usr/local/bin/node'] as const, ...[...linked].map(([, file = '']) => [file, file] as const)]
  for (const [from, to] of files) cpSync(realpathSync(from), path.join(root, to), { recursive: true })
  for (const name of ['etc', 'tmp', 'desk']) mkdirSync(path.join(root, name))
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0::/:/\nnode:x:1000:1000::/:/\n')
  const archive = path.join(folder, 'base.tar')
  execFileSync('tar', ['-C', root, '-cf', archive, '.'])
  docker('import', '--change', 'ENV PATH=/usr/local/bin', archive, BASE)
}

/** The last stage of the Dockerfile, as it stands; the packages come from here. */
function buildImage(): void {
  const dockerfile = readFileSync(path.join(import.meta.dirname, 'Dockerfile'), 'utf8')
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM ')).replace(/FROM \S+/, `FROM ${BASE}`)
  const context = path.join(folder, 'context')
  const packages = closureOf(importedBy('reference-server/main.ts')).map((one) => one.folder)
  for (const part of ['package.json', 'reference-server', ...packages])
    cpSync(path.join(ROOT, part), path.join(context, part), { recursive: true })
  writeFileSync(path.join(context, 'Dockerfile'), last.replace('COPY --from=packages /desk/node_modules', 'COPY node_modules'))
  docker('build', '--quiet', '--tag', IMAGE, context)
}

test('answers, is healthy, and drains on SIGTERM with a call inside', async () => {
  const settings = { ...deskEnvironment(services.addresses), PORT: '20081', ADMIN_PORT: '20082', DRAIN_GRACE_MS: '10000' }
  const environment = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const id = docker('run', '--detach', '--network', 'host', '--read-only', '--cap-drop', 'ALL', ...environment, IMAGE)
  using _ = { [Symbol.dispose]: () => docker('rm', '--force', id) }
  const ready = async () => (await fetch('http://127.0.0.1:20082/readyz').catch(() => undefined))?.status
  await expect.poll(ready, { timeout: 30_000, interval: 100 }).toBe(200)
  const call = async (tool: string, args: Record<string, unknown>) =>
    told(
      await fetch('http://127.0.0.1:20081/v1/mcp', {
        method: 'POST',
        headers: headersOf(tool, 'c', TOKENS.t0),
        body: toolCall('c', tool, args),
      }),
    )
  expect((await call('list_tables', {})).data).toHaveProperty('tables')

  const [, health = '[]'] = /HEALTHCHECK[\s\S]*?CMD (\[.*\])/.exec(readFileSync(path.join(import.meta.dirname, 'Dockerfile'), 'utf8')) ?? []
  docker('exec', '--env', 'ADMIN_PORT=20082', id, ...(JSON.parse(health) as string[]))
  expect(docker('inspect', '--format', '{{.Config.User}}', id)).toBe('node')

  const failed = call('run_query', { sql: 'select pg_sleep(0.5)' }).then(({ isError }) => isError, String)
  const asleep = () =>
    services.postgres.query(`select 1 from pg_stat_activity where usename = 'app' and state = 'active' and query like '%pg_sleep(0.5)%'`)
  await expect.poll(async () => (await asleep()).length, { interval: 10 }).toBe(1)
  docker('kill', '--signal', 'TERM', id)
  expect(await failed).toBe(false)
  expect(docker('wait', id)).toBe('0')
  expect(docker('logs', id)).toContain('"msg":"stopped"')
})
