// What the undici driver alone can do: a client certificate for each agent, an abort in mid-stream, answering a server's requests.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Keys } from '../fixtures/keys.ts'
import { ToolServer } from '../fixtures/tool-server.ts'
import { World } from '../fixtures/world.ts'
import { k6Driver } from '../k6/start.ts'
import { undiciDriver } from './start.ts'

let world: World

beforeEach(async () => {
  world = await World.open()
})

afterEach(async () => {
  await world[Symbol.asyncDispose]()
})

const two = [{ persona: 'steady', agents: 2, role: 'cheapRead' as const }]

test('every agent shows a certificate of its own; k6 cannot, and says so', async () => {
  await using keys = await Keys.make()
  const tls = await Promise.all(['one', 'two'].map(async (name) => ({ ca: keys.authority, ...(await keys.pair(name)) })))
  const server = await ToolServer.listen({ ...(await keys.pair('server')), ca: keys.authority, requestCert: true })
  const { ends } = await world.generate(undiciDriver, world.plan(two), server.url, { tls })
  expect([...ends.values()].filter(({ status }) => status !== 200)).toEqual([])
  const shown = new Set(server.heard.map(({ certificate, id }) => `${id.slice(0, 'r1-steady-01'.length)} ${certificate}`))
  expect(shown).toEqual(new Set(['r1-steady-01 one', 'r1-steady-02 two']))
  const refused = await world.generate(k6Driver, world.plan(two), server.url, { tls }).catch((error: unknown) => error)
  expect(refused).toMatchObject({ code: 'DRIVER_CANNOT', hint: expect.stringContaining('--driver undici') })
  expect(server.flaws).toEqual([])
  await server.close()
})
