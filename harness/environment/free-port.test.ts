import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, portRefused } from './free-port.ts'

it('hands out ports that can be listened on, each once', async () => {
  const ports = await Promise.all(Array.from({ length: 20 }, () => freePort()))
  expect(new Set(ports).size).toBe(20)
  const server = createServer().listen(ports[0], '127.0.0.1')
  await once(server, 'listening')
  await expect(freePort(ports[0])).rejects.toMatchObject({ code: 'PORT_IN_USE', message: expect.stringContaining(String(ports[0])) })
  server.close()
  await once(server, 'close')
  expect(await freePort(ports[0])).toBe(ports[0])
})

it('tells one that is taken from one that it may not have, and says what to type', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await expect(freePort(port, 'take another')).rejects.toMatchObject({ code: 'PORT_IN_USE', hint: 'take another' })
  server.close()
  const refused = portRefused(80, Object.assign(new Error('listen EACCES'), { code: 'EACCES' }), 'take another')
  expect(refused).toMatchObject({ code: 'PORT_NOT_ALLOWED', message: expect.stringContaining('80'), hint: 'take another' })
})
