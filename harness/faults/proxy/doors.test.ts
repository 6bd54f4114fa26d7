import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { hostAndPort } from '../../environment/canary.ts'
import { Doors } from './doors.ts'

it('opens both doors again, though somebody had taken the second one', async () => {
  const doors = new Doors({ accept: (client, door) => client.end(door), dropped: () => {} })
  onTestFinished(() => doors.close())
  const { canaryAddress } = await doors.open()
  const thief = createServer()
  const swallowing = doors.swallow(true)
  swallowing.catch(() => {})
  // Between two owners a port is nobody's.
  do thief.listen(hostAndPort(canaryAddress).port, '127.0.0.1')
  while (!(await once(thief, 'listening').catch(() => undefined)))
  await expect(swallowing).rejects.toThrow(/EADDRINUSE/)
  await expect(doors.swallow(false)).rejects.toThrow(/EADDRINUSE/)
  thief.close()
  await doors.swallow(false)
  const [said] = await once(connect(hostAndPort(canaryAddress)), 'data')
  expect(String(said)).toBe('canary')
})
