// docker-compose.yml, without an engine: what it starts, on which ports, what it mounts, and that the server accepts its settings.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { connectionsMax, settingsFrom } from '../reference-server/config.ts'
import { ROOT, textOf } from './fixtures/source-files.ts'

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  environment?: Record<string, string>
  depends_on?: Record<string, { condition: string }> | string[]
  ports?: string[]
  profiles?: string[]
  stop_grace_period?: string
  volumes?: string[]
  healthcheck?: { test: string[] }
}

const text = textOf('docker-compose.yml')
const { services, volumes } = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: Record<string, object> }
const all = Object.entries(services)
const servers = all.filter(([name]) => name.startsWith('server-'))
const settings = servers.map(([, service]) =>
  settingsFrom(Object.fromEntries(Object.entries(service.environment ?? {}).map(([name, value]) => [name, filled(value)]))),
)

/** `${NAME:-default}` as compose fills it in. */
function filled(value: string): string {
  return value.replace(/\$\{\w+:-([^}]*)\}/g, '$1')
}

test('starts Postgres, Redis, three instances and a balancer; the rest only when asked to observe', () => {
  const started = all.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name)
  expect(started).toEqual(['postgres', 'redis', 'server-1', 'server-2', 'server-3', 'balancer'])
  const observing = all.filter(([, { profiles }]) => profiles?.includes('observe')).map(([name]) => name)
  expect(observing).toEqual(['collector', 'prometheus', 'grafana'])
})

test('pins every image, and builds our own from a file that is there', () => {
  for (const [name, { image }] of all) expect(image, name).toMatch(/:v?\d+/)
  for (const [, { build }] of servers) expect(existsSync(path.join(ROOT, build?.context ?? '', build?.dockerfile ?? ''))).toBe(true)
})

test('opens ports on this machine only, each once', () => {
  const ports = all.flatMap(([, service]) => service.ports ?? [])
  expect(ports).not.toEqual([])
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  const outer = ports.map((port) => port.split(':')[1])
  expect(new Set(outer).size).toBe(outer.length)
})

test('waits for services that can say that they are healthy, and declares its volumes', () => {
  for (const [, { depends_on: needs = {} }] of all) {
    for (const name of Array.isArray(needs) ? needs : Object.keys(needs)) expect(services).toHaveProperty(name)
    if (Array.isArray(needs)) continue
    for (const [name, { condition }] of Object.entries(needs)) {
      expect(condition).toBe('service_healthy')
      expect(services[name]?.healthcheck?.test[0]).toBe('CMD')
    }
  }
  const mounted = all.flatMap(([, service]) => service.volumes ?? []).map((volume) => volume.split(':')[0] ?? '')
  expect(Object.keys(volumes)).toEqual(mounted.filter((from) => !from.startsWith('./')))
  for (const from of mounted.filter((each) => each.startsWith('./'))) expect(existsSync(path.join(ROOT, from)), from).toBe(true)
})

test('gives each instance settings that it accepts, apart in nothing but its name', () => {
  expect(settings.map(({ INSTANCE }) => INSTANCE)).toEqual(['server-1', 'server-2', 'server-3'])
  for (const one of settings) {
    expect(one).toMatchObject({ HOST: '0.0.0.0', PORT: 8080, ADMIN_PORT: 8081, INSTANCES: 3 })
    expect({ ...one, INSTANCE: '' }).toEqual({ ...settings[0], INSTANCE: '' })
  }
})

test('lets Postgres keep a fifth of its connections, and calls finish before they are killed', () => {
  const [one] = settings
  if (!one) throw new Error('there is no server')
  const max = Number(/max_connections=(\d+)/.exec(services.postgres?.command?.join(' ') ?? '')?.[1])
  expect(connectionsMax(one) * one.INSTANCES).toBeLessThanOrEqual(0.8 * (max - 3))
  for (const [, { stop_grace_period: grace }] of servers)
    expect(Number.parseInt(grace ?? '', 10) * 1_000).toBeGreaterThan(one.DRAIN_DELAY_MS + one.DRAIN_GRACE_MS + 5_000)
})

test('has the keys that its opening names', () => {
  const named = [...text.matchAll(/Bearer mcp_(\w+)_(\S+)/g)]
  expect(named.map(([, keyId]) => keyId)).toEqual(settings[0]?.SEED_AGENTS.map(({ keyId }) => keyId))
  for (const [, keyId, secret = ''] of named) {
    const seed = settings[0]?.SEED_AGENTS.find((one) => one.keyId === keyId)
    expect(seed?.secretHash).toBe(createHash('sha256').update(secret).digest('hex'))
  }
})

test('the balancer and Prometheus know every instance', () => {
  const names = servers.map(([name]) => name)
  const balanced = [...textOf('reference-server/operations/haproxy.cfg').matchAll(/^ {2}server (\S+) (\S+)$/gm)]
  expect(balanced.map(([, name, address]) => [name, address])).toEqual(names.map((name) => [name, `${name}:8080`]))
  const prometheus = parse(textOf('reference-server/operations/prometheus/prometheus.yml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  expect(prometheus.scrape_configs[0]?.static_configs[0]?.targets).toEqual(names.map((name) => `${name}:8081`))
})

test('uses only fields that compose knows; where docker compose is installed, as a plugin or as a program, it says so itself', () => {
  const known = /^(image|build|command|environment|depends_on|ports|profiles|stop_grace_period|volumes|healthcheck)$/
  expect(
    all.flatMap(([name, service]) => Object.keys(service).flatMap((field) => (known.test(field) ? [] : [`${name}: ${field}`]))),
  ).toEqual([])
  const run = (file: string, ...args: string[]) =>
    execFileSync(file, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  const found = [['docker', 'compose'], ['docker-compose']].find(([file = '', ...args]) => {
    try {
      return run(file, ...args, 'version')
    } catch {
      return false
    }
  })
  const [file = '', ...args] = found ?? []
  if (found) expect(() => run(file, ...args, '--profile', 'observe', 'config', '--quiet')).not.toThrow()
})
