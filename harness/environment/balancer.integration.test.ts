// The balancer before real servers in processes of their own: each gets its share; one that is killed, drains or is frozen
// gets nothing new, and is taken back.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type Balancer, startBalancer } from './balancer.ts'
import { freePort } from './free-port.ts'
import { ScratchKeeper } from './scratch-keeper.ts'
import type { ServerInstance } from './server-instance.ts'
import { startServer } from './server-under-test.ts'

const { signal } = new AbortController()
let owned: AsyncDisposableStack
let keeper: ScratchKeeper
let servers: ServerInstance[]
let balancer: Balancer

/** Answers with its number; SIGUSR2 turns its readiness to 503 and back; `/slow` answers after a while. */
const SERVER = `
  let ready = true
  process.on('SIGUSR2', () => (ready = !ready))
  require('node:http').createServer((request, response) => {
    if (request.url === '/readyz') return response.writeHead(ready ? 200 : 503).end()
    if (request.url === '/hang') return
    response.end(process.env.INSTANCE)
  }).listen(process.env.PORT, '127.0.0.1')`

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  keeper = owned.use(await ScratchKeeper.open())
  await writeFile(path.join(keeper.folder, 'server.cjs'), SERVER)
  const instances = await Promise.all(
    [1, 2, 3].map(async (instance) => {
      const port = await freePort()
      return { instance, address: `127.0.0.1:${port}`, readyUrl: `http://127.0.0.1:${port}/readyz`, port }
    }),
  )
  servers = await Promise.all(
    instances.map(async ({ instance, port, readyUrl }) => {
      const env = { PORT: String(port), INSTANCE: String(instance) }
      const place = { keeper, cwd: keeper.folder, logFile: path.join(keeper.folder, `server-${instance}.log`), signal }
      return owned.use(await startServer({ ...place, command: 'exec node server.cjs', env, readyUrl, instance }))
    }),
  )
  balancer = owned.use(await startBalancer({ keeper, instances, signal }))
})

afterEach(async () => {
  await owned.disposeAsync()
  expect(await keeper.alive()).toEqual([])
})

/** Who answered, over new connections. */
async function answers(count: number): Promise<string[]> {
  const got: string[] = []
  for (let i = 0; i < count; i++) {
    await using agent = Object.assign(new Agent(), { [Symbol.asyncDispose]: () => agent.close() })
    got.push(await (await request(`http://${balancer.address}/`, { dispatcher: agent })).body.text())
  }
  return got
}

const settled = (states: Record<number, string>) => expect.poll(() => balancer.states(), { timeout: 8_000 }).toEqual(states)

it('gives each its share', async () => {
  expect((await answers(9)).sort()).toEqual(['1', '1', '1', '2', '2', '2', '3', '3', '3'])
})

it('never hands out an instance that was killed, and takes back its successor', async () => {
  await servers[0]?.kill()
  expect(new Set(await answers(6))).toEqual(new Set(['2', '3']))
  await settled({ 1: 'out', 2: 'in', 3: 'in' })
  await servers[0]?.restart()
  await settled({ 1: 'in', 2: 'in', 3: 'in' })
  expect(new Set(await answers(6))).toEqual(new Set(['1', '2', '3']))
})

it('gives nothing new to one that drains, while its connections go on', async () => {
  await using agent = Object.assign(new Agent({ connections: 1 }), { [Symbol.asyncDispose]: () => agent.close() })
  const ask = async () => (await request(`http://${balancer.address}/`, { dispatcher: agent })).body.text()
  const mine = Number(await ask())
  await servers[mine - 1]?.signal('SIGUSR2')
  await settled({ 1: 'in', 2: 'in', 3: 'in', [mine]: 'draining' })
  expect(await answers(6)).not.toContain(String(mine))
  expect(Number(await ask())).toBe(mine)
  await servers[mine - 1]?.signal('SIGUSR2')
  await settled({ 1: 'in', 2: 'in', 3: 'in' })
})

it('ejects one that is frozen and resets who waits there', async () => {
  const waiting = Promise.allSettled([1, 2, 3].map(() => request(`http://${balancer.address}/hang`, { headersTimeout: 20_000 })))
  await expect.poll(() => balancer.counts()).toEqual({ 1: 1, 2: 1, 3: 1 })
  await servers[1]?.signal('SIGSTOP')
  await settled({ 1: 'in', 2: 'out', 3: 'in' })
  expect(await balancer.counts()).toEqual({ 1: 1, 3: 1 })
  expect(await answers(4)).not.toContain('2')
  await servers[1]?.signal('SIGCONT')
  await settled({ 1: 'in', 2: 'in', 3: 'in' })
  for (const server of servers) await server.kill()
  for (const { status } of await waiting) expect(status).toBe('rejected')
  expect((await balancer.changes()).map(({ instance, state }) => `${instance} ${state}`).slice(0, 2)).toEqual(['2 out', '2 in'])
})

it('resets callers when nobody is there', async () => {
  for (const server of servers) await server.kill()
  await expect(request(`http://${balancer.address}/`)).rejects.toThrow()
})
