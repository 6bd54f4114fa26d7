// docker-compose.yml, without an engine: what it starts, on which ports, and that the server accepts its settings.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { settingsFrom } from '../reference-server/config.ts'
import { plainYaml } from './fixtures/plain-yaml.ts'
import { ROOT, textOf } from './fixtures/source-files.ts'

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }>
  ports?: string[]
  volumes?: string[]
  healthcheck?: { test: string[] }
}

const text = textOf('docker-compose.yml')
const { services, volumes } = plainYaml(text) as unknown as { services: Record<string, Service>; volumes: Record<string, object> }

/** `${NAME:-default}` as compose fills it in. */
const filled = (value: string) => value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')

test('starts Postgres, Redis and the server, each at a pinned major version', () => {
  expect(Object.keys(services)).toEqual(['postgres', 'redis', 'server'])
  expect([services.postgres?.image, services.redis?.image]).toEqual(['postgres:18', 'redis:8'])
  expect(existsSync(path.join(ROOT, services.server?.build?.context ?? '', services.server?.build?.dockerfile ?? ''))).toBe(true)
})

test('opens ports on this machine only', () => {
  const ports = Object.values(services).flatMap((service) => service.ports ?? [])
  expect(ports).not.toEqual([])
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
})

test('waits for services that can say that they are healthy, and declares its volumes', () => {
  for (const [name, { condition }] of Object.values(services).flatMap((service) => Object.entries(service.depends_on ?? {}))) {
    expect(condition).toBe('service_healthy')
    expect(services[name]?.healthcheck?.test[0]).toBe('CMD')
  }
  const named = Object.values(services).flatMap((service) => (service.volumes ?? []).map((volume) => volume.split(':')[0]))
  expect(Object.keys(volumes)).toEqual(named)
})

test('gives the server settings that it accepts, and the key that its opening names', () => {
  const environment = Object.entries(services.server?.environment ?? {}).map(([name, value]) => [name, filled(value)])
  const settings = settingsFrom(Object.fromEntries(environment))
  expect(settings).toMatchObject({ HOST: '0.0.0.0', PORT: 8080, ADMIN_PORT: 8081 })
  const [, secret = ''] = /Bearer mcp_example_([^`]+)`/.exec(text) ?? []
  expect(settings.SEED_AGENTS[0]?.secretHash).toBe(createHash('sha256').update(secret).digest('hex'))
})

test('is accepted by docker compose where that is installed', () => {
  const compose = (...args: string[]) =>
    execFileSync('docker', ['compose', ...args], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  let installed = true
  try {
    compose('version')
  } catch {
    installed = false
  }
  if (installed) expect(() => compose('config', '--quiet')).not.toThrow()
  else expect(() => plainYaml(text)).not.toThrow()
})

test('what is not plain YAML is refused', () => {
  expect(() => plainYaml('a:\n   b: 1')).toThrow('line 2')
  expect(() => plainYaml('a: 1\na: 2')).toThrow('again')
  expect(() => plainYaml('a: &anchor x')).toThrow('line 1')
  expect(plainYaml('a:\n  b: "x"\n  c: [ "y" ]\nd: 30s')).toEqual({ a: { b: 'x', c: ['y'] }, d: '30s' })
})
