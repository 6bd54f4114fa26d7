import { expect, test } from 'vitest'
import { ofEachAgent } from './each-agent.ts'

const agents = Array.from({ length: 50 }, (_, index) => ({ index, agent: `a-${index}`, tenant: 't' }))
const what = 'agents.headers'

test('each is asked once, sixteen at a time, and answers stand in their places', async () => {
  let [now, most] = [0, 0]
  const ask = async (_: unknown, index: number): Promise<number> => {
    most = Math.max(most, ++now)
    await new Promise(setImmediate)
    now--
    return index * 2
  }
  expect(await ofEachAgent(agents, { what, ask })).toEqual(agents.map(({ index }) => index * 2))
  expect(most).toBe(16)
})

test('one that hangs is named, and nobody else is asked after it', async () => {
  let count = 0
  const ask = (): Promise<never> => {
    count++
    return new Promise(() => undefined)
  }
  await expect(ofEachAgent(agents, { what, ask, withinMs: 20 })).rejects.toMatchObject({
    code: 'TARGET_HANGS',
    message: expect.stringContaining('agents.headers of a-0 gave nothing within 0.02 s'),
  })
  expect(count).toBe(16)
})

test('one that throws says where, and a stop ends the waiting', async () => {
  const throws = (): never => {
    throw new Error('no token')
  }
  await expect(ofEachAgent(agents, { what, ask: throws })).rejects.toMatchObject({ code: 'TARGET_THREW' })
  const stopping = new AbortController()
  const waiting = ofEachAgent(agents, { what, ask: () => new Promise(() => undefined), signal: stopping.signal })
  stopping.abort(new Error('Ctrl-C'))
  await expect(waiting).rejects.toThrow('Ctrl-C')
})
