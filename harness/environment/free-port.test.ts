import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort } from './free-port.ts'

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
