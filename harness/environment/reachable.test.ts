import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { assertReachable } from './reachable.ts'

test('whoever listens is there, though nothing is said; once it is closed, the error says where and what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  await assertReachable('redis', address, 'leave --redis out')
  await new Promise((closed) => server.close(closed))
  await expect(assertReachable('redis', address, 'leave --redis out')).rejects.toMatchObject({
    code: 'DEPENDENCY_DOWN',
    message: expect.stringContaining(`${address}, where redis should be (ECONNREFUSED)`),
    hint: 'start it, or leave --redis out',
  })
})

test('Ctrl-C is no answer about the dependency', async () => {
  const stopped = AbortSignal.abort(new Error('stopped'))
  await expect(assertReachable('redis', '127.0.0.1:1', 'leave --redis out', stopped)).rejects.toThrow('stopped')
})
