import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { resetSocket } from './connection.ts'
import { Client, echo, listening } from './fixtures/loopback.ts'
import { ProxyLink } from './link.ts'
import type { AddedToxic } from './toxics.ts'

async function proxied(to: string) {
  const attempts: unknown[] = []
  const link = new ProxyLink({ name: 'postgres', to, delayMs: 0 }, (line) => attempts.push(line))
  return { link, attempts, ...(await link.open()), [Symbol.asyncDispose]: () => link.close() }
}

describe.each([
  { how: 'calm', added: [] },
  { how: 'under a latency', added: [{ toxic: 'latency', parameters: { delayMs: 1 } }] },
  { how: 'in slices', added: [{ toxic: 'slicer', parameters: { sizeBytes: 10, delayMs: 0 } }] },
] satisfies { how: string; added: AddedToxic[] }[])('a reader that stalls, $how', ({ added }) => {
  it('holds back the writer instead of filling the memory, and disturbs no other connection', async () => {
    const chunk = Buffer.alloc(100_000)
    await using server = await listening((socket) => {
      socket.once('data', (asked) => {
        if (`${asked}` !== 'everything') {
          socket.write(asked)
          return echo(socket)
        }
        const fill = () => {
          while (socket.writable && socket.write(chunk));
        }
        socket.on('drain', fill)
        fill()
      })
    })
    await using proxy = await proxied(server.address)
    for (const toxic of added) await proxy.link.add(toxic)
    using stalled = await Client.to(proxy.address)
    stalled.socket.pause()
    stalled.socket.write('everything')
    await expect.poll(() => proxy.link.heldBytes, { timeout: 20_000 }).toBeGreaterThan(0)
    using other = await Client.to(proxy.address)
    for (let i = 0; i < 100; i++) await other.roundTrip('ping')
    expect(proxy.link.heldBytes).toBeLessThan(1_200_000)
  }, 30_000)
})

it('hands on every byte as it came, to a reader that is slow, while toxics come and go', async () => {
  const sent = randomBytes(4_000_000)
  await using server = await listening((socket) => socket.once('data', () => socket.end(sent)))
  await using proxy = await proxied(server.address)
  using client = await Client.to(proxy.address)
  const chunks: Buffer[] = []
  let [bytes, ids] = [0, [] as number[]]
  client.socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    bytes += chunk.length
    // Every so often it reads nothing for a while, and what passes is another way of passing it on.
    if (chunks.length % 8 !== 0) return
    client.socket.pause()
    const [id] = ids
    const changed = id === undefined ? proxy.link.add({ toxic: 'latency', parameters: { delayMs: 1 } }) : proxy.link.remove(id)
    void changed.then((added) => {
      ids = typeof added === 'number' ? [added] : []
      setTimeout(() => client.socket.resume(), 2)
    })
  })
  client.socket.write('everything')
  await client.until(() => bytes >= sent.length)
  expect(Buffer.concat(chunks).equals(sent)).toBe(true)
}, 30_000)

it('turns away no one else when a client never speaks', async () => {
  await using silent = await listening(() => {})
  await using proxy = await proxied(silent.address)
  using first = await Client.to(proxy.address)
  using second = await Client.to(proxy.address)
  await expect.poll(() => proxy.attempts.length).toBe(2)
  expect([first.ended, second.ended]).toEqual([undefined, undefined])
})

it('frees a socket whose end is still being sent, without an error', async () => {
  await using server = await listening(() => {})
  using client = await Client.to(server.address)
  client.socket.end()
  await new Promise<void>((later) => process.nextTick(later))
  resetSocket(client.socket)
  await once(client.socket, 'close')
  expect(client.ended).toBeUndefined()
  resetSocket(client.socket)
})
