// What is k6's own: its control, its program, its environment. What every driver must do alike stands in drivers.integration.test.ts.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { HarnessError } from '../../errors.ts'
import { Keys } from '../fixtures/keys.ts'
import { ToolServer } from '../fixtures/tool-server.ts'
import { World } from '../fixtures/world.ts'
import { k6Driver } from './start.ts'

const URL = 'http://127.0.0.1:1/mcp'
const CODE_BYTES_MAX = 50_000
let world: World

beforeEach(async () => {
  world = await World.open()
})

afterEach(async () => {
  vi.unstubAllEnvs()
  await world[Symbol.asyncDispose]()
})

test('it listens for its control where it is told, without settings of anybody else, and its facts are gone once read', async () => {
  vi.stubEnv('K6_HTTP_DEBUG', 'full')
  const options = await world.options(world.plan([{ persona: 'steady', agents: 1, role: 'cheapRead' }]), URL)
  await using generator = await k6Driver.prepare(options)
  // A port that no outgoing connection takes.
  const response = await fetch(`http://127.0.0.1:${options.controlPort}/v1/status`)
  expect(await response.json()).toMatchObject({ data: { attributes: { paused: true } } })
  expect(await readdir(options.keeper.folder)).toEqual(['k6-authorities.pem', 'k6-config.json', 'load.js'])
  expect(await readFile(`/proc/${generator.pids[0]}/environ`, 'utf8')).not.toContain('K6_HTTP_DEBUG')
})

test('a persona that k6 cannot take is refused before anything starts', async () => {
  await world.addPersona('stranger', `async act() { new URL('http://x') }`, `const here = new URL('http://x')\nglobalThis.here = here`)
  const plan = world.plan([{ persona: 'stranger', agents: 1, role: 'cheapRead' }])
  const refused = await k6Driver.prepare(await world.options(plan, URL)).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(HarnessError)
  expect(refused).toMatchObject({ code: 'LOAD_BUNDLE_REFUSED', message: expect.stringContaining('URL') })
})

test("the agents' program stays small, with every persona in it", async () => {
  const roles: Record<string, 'list' | 'write'> = { lister: 'list', impatient: 'write' }
  const plan = world.plan(world.personas.ids.map((persona) => ({ persona, agents: 1, role: roles[persona] ?? 'cheapRead' })))
  await using _ = await k6Driver.prepare(await world.options(plan, URL))
  const text = await readFile(path.join(world.folder, 'keep/load.js'), 'utf8')
  expect(text.lastIndexOf('\n//# sourceMappingURL=')).toBeLessThan(CODE_BYTES_MAX)
})

test('a target over TLS is reached by its own authority, and without it by nobody', async () => {
  await using keys = await Keys.make()
  const server = await ToolServer.listen(await keys.pair('server'))
  const plan = world.plan([{ persona: 'steady', agents: 1, role: 'cheapRead' }])
  const trusting = await world.generate(k6Driver, plan, server.url, { tls: [{ ca: keys.authority }] })
  expect([...trusting.ends.values()].every(({ status }) => status === 200)).toBe(true)
  const strict = await world.generate(k6Driver, plan, server.url)
  expect([...strict.ends.values()].every(({ transport }) => transport === 'tls')).toBe(true)
  expect(server.flaws).toEqual([])
  await server.close()
})
