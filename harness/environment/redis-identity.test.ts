import { expect, it } from 'vitest'
import { listening } from '../faults/proxy/fixtures/loopback.ts'
import { runIdOf } from './redis-identity.ts'

it('gives up on what talks without end', async () => {
  await using talker = await listening((socket) => {
    const line = Buffer.alloc(65_536, 'x')
    const talk = () => socket.write(line, (error) => error ?? talk())
    talk()
  })
  expect(await runIdOf(talker.address)).toBeUndefined()
})

it('gives up in time on what says something now and then', async () => {
  await using dripper = await listening((socket) => {
    const drip = setInterval(() => socket.write('x'), 10)
    socket.once('close', () => clearInterval(drip))
  })
  expect(await runIdOf(dripper.address, 100)).toBeUndefined()
})

it('reads the run id, in however many pieces it comes', async () => {
  await using redis = await listening((socket) => {
    socket.write('$99\r\n# Server\r\nrun_id:ab')
    setTimeout(() => socket.write('cd\r\n'), 10)
  })
  expect(await runIdOf(redis.address)).toBe('abcd')
})
