import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { hostAndPort } from '../../environment/canary.ts'
import type { AttemptLine } from '../../history/raw-line.ts'
import { createDraw } from '../../plan/draw.ts'
import { Client, echo, listening } from './fixtures/loopback.ts'
import { ProxyLink } from './link.ts'
import type { AddedToxic } from './toxics.ts'

async function proxied(to: string, delayMs = 0) {
  const attempts: Omit<AttemptLine, 'kind'>[] = []
  const link = new ProxyLink({ name: 'postgres', to, delayMs }, (line) => attempts.push(line))
  return { link, attempts, ...(await link.open()), [Symbol.asyncDispose]: () => link.close() }
}

describe('a link', () => {
  it('carries bytes both ways, and the closing of one half', async () => {
    await using server = await listening((socket) => {
      let heard = ''
      socket.on('data', (chunk) => (heard += chunk))
      socket.on('end', () => socket.end(`heard ${heard}`))
    })
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    client.socket.end('hello')
    await client.until(({ ended }) => ended !== undefined)
    expect(client).toMatchObject({ received: 'heard hello', ended: 'end' })
    expect(proxy.attempts).toMatchObject([{ link: 'postgres', refused: false }])
  })

  it('still carries what a client says after the server has closed its half', async () => {
    const heard = Promise.withResolvers<string>()
    await using server = await listening((socket) => {
      socket.end('enough')
      socket.on('data', (chunk) => heard.resolve(String(chunk)))
    })
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    await client.until(({ ended }) => ended !== undefined)
    client.socket.end('but')
    expect(await heard.promise).toBe('but')
    await expect.poll(() => proxy.link.connections).toBe(0)
  })

  it('does not count canaries', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.canaryAddress)
    await client.roundTrip('ping')
    expect(proxy.attempts).toEqual([])
  })

  it('resets the client, and counts it refused, when nothing listens behind', async () => {
    const gone = await listening(echo)
    await gone[Symbol.asyncDispose]()
    await using proxy = await proxied(gone.address)
    using client = await Client.to(proxy.address)
    await client.until(({ ended }) => ended !== undefined)
    expect(client.ended).toBe('ECONNRESET')
    expect(proxy.attempts).toMatchObject([{ refused: true }])
  })

  it('passes a reset from behind on as a reset, after the bytes before it', async () => {
    await using server = await listening((socket) => socket.once('data', () => socket.write('last words', () => socket.resetAndDestroy())))
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    client.socket.write('go')
    await client.until(({ ended }) => ended !== undefined)
    expect(client).toMatchObject({ received: 'last words', ended: 'ECONNRESET' })
  })

  it("passes the client's reset on, so that the server learns of it", async () => {
    const served = Promise.withResolvers<Socket>()
    await using server = await listening((socket) => served.resolve(socket.resume()))
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    const behind = await served.promise
    const [error] = await Promise.all([once(behind, 'error'), client.socket.resetAndDestroy()])
    expect(error).toMatchObject([{ code: 'ECONNRESET' }])
    await expect.poll(() => proxy.link.connections).toBe(0)
  })

  it('adds its own delay each way in every phase', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address, 30)
    using client = await Client.to(proxy.address)
    expect(await client.roundTrip('ping')).toBeGreaterThanOrEqual(59)
  })
})

describe('latency', () => {
  it('delays both ways, keeps the order under jitter, and loses nothing', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'latency', parameters: { delayMs: 50, jitterMs: 40, seed: 7 } })
    using client = await Client.to(proxy.address)
    const sent = Array.from({ length: 200 }, (_, i) => `${i};`)
    for (const text of sent) await new Promise((written) => client.socket.write(text, written))
    await client.until(({ received }) => received.length >= sent.join('').length)
    expect(client.received).toBe(sent.join(''))
  })

  it('ends at once: what was held leaves in order, and nothing more is held', async () => {
    const arrived = Promise.withResolvers<void>()
    await using server = await listening((socket) => socket.on('data', (chunk) => `${chunk}` === 'later' && arrived.resolve()))
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    const id = await proxy.link.add({ toxic: 'latency', parameters: { delayMs: 60_000 } })
    client.socket.write('later')
    await expect.poll(() => proxy.link.heldBytes).toBe(5)
    await proxy.link.remove(id)
    expect(proxy.link.heldBytes).toBe(0)
    await arrived.promise
    await proxy.link.remove(id)
  })
})

describe('down', () => {
  it('resets live connections and each new one, counts them, and ends with its removal', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using live = await Client.to(proxy.address)
    await live.roundTrip('ping')
    const id = await proxy.link.add({ toxic: 'down', parameters: {} })
    await live.until(({ ended }) => ended !== undefined)
    using fresh = await Client.to(proxy.address)
    await fresh.until(({ ended }) => ended !== undefined)
    expect([live.ended, fresh.ended]).toEqual(['ECONNRESET', 'ECONNRESET'])
    await proxy.link.remove(id)
    using later = await Client.to(proxy.address)
    await later.roundTrip('ping')
    expect(later).toMatchObject({ received: 'ping', ended: undefined })
    expect(proxy.attempts.map(({ refused }) => refused)).toEqual([false, true, false])
  })

  it('leaves no connection behind that was closing, with bytes that nobody reads', async () => {
    const full = Buffer.alloc(32_000_000)
    await using server = await listening((socket) => socket.once('data', () => socket.end(full)))
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    client.socket.pause()
    client.socket.write('go')
    await expect.poll(() => proxy.link.heldBytes).toBeGreaterThan(0)
    await proxy.link.add({ toxic: 'down', parameters: {} })
    await expect.poll(() => proxy.link.connections).toBe(0)
  })
})

describe('reset', () => {
  it('resets live connections once; new ones pass', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using live = await Client.to(proxy.address)
    await live.roundTrip('ping')
    await proxy.link.add({ toxic: 'reset', parameters: {} })
    expect(proxy.link.toxics, 'or the link would never be calm again').toEqual([])
    await live.until(({ ended }) => ended !== undefined)
    using fresh = await Client.to(proxy.address)
    await fresh.roundTrip('ping')
    expect([live.ended, fresh.received]).toEqual(['ECONNRESET', 'ping'])
  })
})

describe('bandwidth', () => {
  it('lets bytes through at its pace both ways, and ends at once', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    const id = await proxy.link.add({ toxic: 'bandwidth', parameters: { bytesPerSecond: 10_000 } })
    using client = await Client.to(proxy.address)
    // Both ways at once: each takes 200 ms for them, and the way back begins with the first portion.
    expect(await client.roundTrip('x'.repeat(2_000))).toBeGreaterThanOrEqual(180)
    client.received = ''
    client.socket.write('y'.repeat(50_000))
    await client.until(({ received }) => received.length > 0)
    const endedMs = performance.now()
    await proxy.link.remove(id)
    await client.until(({ received }) => received.length === 50_000)
    expect(performance.now() - endedMs).toBeLessThan(200)
  })
})

describe('timeout', () => {
  it('lets nothing pass, and what was held when it ends', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    await client.roundTrip('ping')
    const id = await proxy.link.add({ toxic: 'timeout', parameters: { closeAfterMs: 0 } })
    client.socket.write('pong')
    await expect.poll(() => proxy.link.heldBytes).toBe(4)
    await proxy.link.remove(id)
    await client.until(({ received }) => received === 'pingpong')
  })

  it('closes live connections and new ones so long after', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using live = await Client.to(proxy.address)
    await live.roundTrip('ping')
    await proxy.link.add({ toxic: 'timeout', parameters: { closeAfterMs: 60 } })
    const begunMs = performance.now()
    using fresh = await Client.to(proxy.address)
    live.socket.write('lost')
    await Promise.all([live, fresh].map((client) => client.until(({ ended }) => ended !== undefined)))
    expect(performance.now() - begunMs).toBeGreaterThan(50)
    expect(live.received).toBe('ping')
  })
})

describe('slow close', () => {
  it('delays the end that one side says, not its bytes', async () => {
    await using server = await listening((socket) => socket.once('data', () => socket.end('bye')))
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'slowClose', parameters: { delayMs: 120 } })
    using client = await Client.to(proxy.address)
    client.socket.write('go')
    await client.until(({ received }) => received === 'bye')
    const saidMs = performance.now()
    await client.until(({ ended }) => ended !== undefined)
    expect(performance.now() - saidMs).toBeGreaterThan(90)
    expect(client.ended).toBe('end')
  })
})

describe('limit data', () => {
  it('closes a connection after so many bytes towards the client, over all answers', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'limitData', parameters: { bytes: 6 } })
    using client = await Client.to(proxy.address)
    await client.roundTrip('four')
    client.socket.write('more')
    await client.until(({ ended }) => ended !== undefined)
    expect(client).toMatchObject({ received: 'fourmo', ended: 'end' })
    await expect.poll(() => proxy.link.connections).toBe(0)
  })
})

describe('connect delay', () => {
  it('carries a new connection later, a live one at once, and those that wait when it ends', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using live = await Client.to(proxy.address)
    await live.roundTrip('ping')
    const id = await proxy.link.add({ toxic: 'connectDelay', parameters: { delayMs: 100 } })
    expect(await live.roundTrip('ping')).toBeLessThan(90)
    using late = await Client.to(proxy.address)
    expect(await late.roundTrip('ping')).toBeGreaterThan(90)
    const longer = await proxy.link.add({ toxic: 'connectDelay', parameters: { delayMs: 60_000 } })
    using waiting = await Client.to(proxy.address)
    const answered = waiting.roundTrip('ping')
    await proxy.link.remove(longer)
    await proxy.link.remove(id)
    await answered
    using gone = await Client.to(proxy.address)
    await gone.roundTrip('ping')
    expect(proxy.attempts.map(({ refused }) => refused)).toEqual([false, false, false, false])
  })
})

describe('slicer', () => {
  it('hands on small pieces, some time apart, and loses nothing', async () => {
    await using server = await listening((socket) => socket.once('data', () => socket.write('0123456789')))
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'slicer', parameters: { sizeBytes: 2, delayMs: 20 } })
    using client = await Client.to(proxy.address)
    const pieces: string[] = []
    client.socket.on('data', (chunk) => pieces.push(`${chunk}`))
    client.socket.write('go')
    await client.until(({ received }) => received.length === 10)
    expect(pieces).toEqual(['01', '23', '45', '67', '89'])
  })
})

describe('black hole', () => {
  it('swallows attempts to connect, leaves live connections alone, and ends', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using live = await Client.to(proxy.address)
    await live.roundTrip('ping')
    const id = await proxy.link.add({ toxic: 'blackHole', parameters: {} })
    const late = connect({ ...hostAndPort(proxy.address) })
    const attempt = once(late, 'connect').then(() => 'connected')
    expect(await Promise.race([attempt, pause(300, 'nothing')])).toBe('nothing')
    await live.roundTrip('ping')
    await proxy.link.remove(id)
    // The kernel asks again after a second.
    await attempt
    late.destroy()
    using fresh = await Client.to(proxy.address)
    await fresh.roundTrip('ping')
    expect(live.received).toBe('pingping')
  })
})

/** So many clients, each after its own round trip, so that their numbers are the order in which they came. */
async function clientsOf(address: string, count: number): Promise<Client[]> {
  const clients: Client[] = []
  for (let n = 0; n < count; n++) {
    const client = await Client.to(address)
    await client.roundTrip('ping')
    clients.push(client)
  }
  return clients
}

describe('a black hole that does not come about', () => {
  it('leaves a link whose doors open again, and no toxic', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    const adding = proxy.link.add({ toxic: 'blackHole', parameters: {} })
    // Somebody is quicker: between two owners a port is nobody's.
    const thief = createServer()
    const steals = async () => {
      thief.listen(hostAndPort(proxy.address).port, '127.0.0.1')
      return await once(thief, 'listening').then(
        () => true,
        () => false,
      )
    }
    while (!(await steals()));
    adding.catch(() => {})
    expect(proxy.link.toxics).toHaveLength(1)
    await expect.poll(() => proxy.link.toxics, { timeout: 10_000 }).toEqual([])
    thief.close()
    await expect(adding).rejects.toThrow(/EADDRINUSE/)
    using client = await Client.to(proxy.address)
    await client.roundTrip('ping')
    expect(client.received).toBe('ping')
  })
})

describe('toxicity', () => {
  it('holds back some live connections and spares the others, the same ones from the same seed', async () => {
    const answeredUnder = async (toxicity: number) => {
      await using server = await listening(echo)
      await using proxy = await proxied(server.address)
      const clients = await clientsOf(proxy.address, 12)
      const id = await proxy.link.add({ toxic: 'timeout', parameters: { closeAfterMs: 0, toxicity, seed: 2 } })
      const answers = clients.map((client) => client.roundTrip('more'))
      // What is held says who was hit: an answer alone could be late.
      const hit = clients.filter((_, n) => createDraw(2, `timeout/main/${n + 1}`).unit() < toxicity).length
      await expect
        .poll(() => [proxy.link.heldBytes, clients.filter(({ received }) => received === 'pingmore').length])
        .toEqual([4 * hit, 12 - hit])
      const spared = clients.map(({ received }) => received === 'pingmore')
      await proxy.link.remove(id)
      await Promise.all(answers)
      for (const client of clients) client[Symbol.dispose]()
      return spared
    }
    const spared = await answeredUnder(0.5)
    expect(new Set(spared)).toEqual(new Set([true, false]))
    expect(await answeredUnder(0.5)).toEqual(spared)
  })

  it('resets some live connections, and refuses some new ones', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    const live = await clientsOf(proxy.address, 20)
    await proxy.link.add({ toxic: 'reset', parameters: { toxicity: 0.5, seed: 1 } })
    const hit = live.filter((_, n) => createDraw(1, `reset/main/${n + 1}`).unit() < 0.5)
    await Promise.all(hit.map((client) => client.until(({ ended }) => ended !== undefined)))
    for (const client of live) if (!hit.includes(client)) await client.roundTrip('more')
    expect(hit.length).toBeGreaterThan(0)
    expect(live.map(({ ended }) => ended).filter((ended) => ended === undefined)).toHaveLength(20 - hit.length)
    await proxy.link.add({ toxic: 'down', parameters: { toxicity: 0.5, seed: 1 } })
    const fresh = await clientsOf(proxy.address, 20)
    const refused = proxy.attempts.filter(({ refused }) => refused).length
    expect(refused).toBeGreaterThan(0)
    expect(fresh.filter(({ received }) => received === 'ping')).toHaveLength(20 - refused)
    for (const client of [...live, ...fresh]) client[Symbol.dispose]()
  })
})

describe('a stream', () => {
  it.each(['upstream', 'downstream'] as const)('%s alone is silent: what goes the other way arrives', async (stream) => {
    const heard = Promise.withResolvers<string>()
    await using server = await listening((socket) => {
      socket.once('data', () => socket.once('data', (chunk) => heard.resolve(String(chunk))).write('hello'))
    })
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    client.socket.write('go')
    await client.until(({ received }) => received === 'hello')
    const id = await proxy.link.add({ toxic: 'timeout', parameters: { closeAfterMs: 0, stream } })
    client.socket.write('question')
    if (stream === 'downstream') expect(await heard.promise).toBe('question')
    else {
      await expect.poll(() => proxy.link.heldBytes).toBe('question'.length)
      await proxy.link.remove(id)
      expect(await heard.promise).toBe('question')
    }
  })

  it('is late one way only', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    using client = await Client.to(proxy.address)
    await proxy.link.add({ toxic: 'latency', parameters: { delayMs: 200, stream: 'downstream' } })
    const oneWayMs = await client.roundTrip('ping')
    await proxy.link.add({ toxic: 'latency', parameters: { delayMs: 200, stream: 'upstream' } })
    const bothWaysMs = await client.roundTrip('ping')
    expect(oneWayMs).toBeGreaterThanOrEqual(198)
    expect(bothWaysMs).toBeGreaterThanOrEqual(398)
  })
})

async function lasting(what: () => Promise<unknown>): Promise<number> {
  const begunMs = performance.now()
  await what()
  return performance.now() - begunMs
}

/** 50 ms; more only where the same exchange takes more than 10 ms without any toxic, which is then the machine's doing. */
function sharpMs(calmMs: number): number {
  return Math.max(50, 5 * calmMs)
}

describe.each([
  { toxic: 'latency', parameters: { delayMs: 60_000 } },
  { toxic: 'bandwidth', parameters: { bytesPerSecond: 1 } },
  { toxic: 'timeout', parameters: { closeAfterMs: 0 } },
  { toxic: 'slicer', parameters: { sizeBytes: 1, delayMs: 60_000 } },
] satisfies AddedToxic[])('the end of $toxic', (added) => {
  it('is there for every live connection within 50 ms', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    const clients = await Promise.all(Array.from({ length: 20 }, () => Client.to(proxy.address)))
    const calmMs = await lasting(() => Promise.all(clients.map((client) => client.roundTrip('ping'))))
    const id = await proxy.link.add(added)
    const answers = clients.map((client) => client.roundTrip('ping'))
    // At most one byte of the four of each may pass at once.
    await expect.poll(() => proxy.link.heldBytes, { timeout: 10_000 }).toBeGreaterThanOrEqual(60)
    const tookMs = await lasting(async () => {
      await proxy.link.remove(id)
      await Promise.all(answers)
    })
    expect(tookMs).toBeLessThan(sharpMs(calmMs))
    for (const client of clients) client[Symbol.dispose]()
  })
})

it.each([
  { toxic: 'connectDelay', parameters: { delayMs: 60_000 } },
  { toxic: 'slowClose', parameters: { delayMs: 60_000 } },
] satisfies AddedToxic[])('the end of $toxic is there within 50 ms for all who wait', async (added) => {
  await using server = await listening((socket) => socket.once('data', () => socket.end('bye')))
  await using proxy = await proxied(server.address)
  const asking = async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => Client.to(proxy.address)))
    for (const client of clients) client.socket.write('go')
    return clients
  }
  const allEnded = async (clients: Client[]) => {
    await Promise.all(clients.map((client) => client.until(({ ended }) => ended !== undefined)))
    for (const client of clients) client[Symbol.dispose]()
  }
  const calmMs = await lasting(async () => await allEnded(await asking()))
  const id = await proxy.link.add(added)
  const clients = await asking()
  // What waits is the connection, or its end behind an answer that has come.
  if (added.toxic === 'slowClose') await Promise.all(clients.map((client) => client.until(({ received }) => received === 'bye')))
  expect(clients.filter(({ ended }) => ended !== undefined)).toEqual([])
  const tookMs = await lasting(async () => {
    await proxy.link.remove(id)
    await allEnded(clients)
  })
  expect(tookMs).toBeLessThan(sharpMs(calmMs))
  expect(new Set(clients.map(({ received, ended }) => `${received} ${ended}`))).toEqual(new Set(['bye end']))
})

describe('cut', () => {
  it('lets so many bytes of an answer pass, then resets both sides', async () => {
    const behind = Promise.withResolvers<string | undefined>()
    await using server = await listening((socket) => {
      socket.once('data', () => socket.write('0123456789'))
      socket.on('error', (error: NodeJS.ErrnoException) => behind.resolve(error.code))
    })
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'cut', parameters: { afterBytes: 4, share: 1, seed: 1 } })
    using client = await Client.to(proxy.address)
    client.socket.write('go')
    await client.until(({ ended }) => ended !== undefined)
    expect(client).toMatchObject({ received: '0123', ended: 'ECONNRESET' })
    expect(await behind.promise).toBe('ECONNRESET')
  })

  it('never lets more than that pass, however large', async () => {
    await using server = await listening((socket) => socket.once('data', () => socket.write('x'.repeat(3_000_000))))
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'cut', parameters: { afterBytes: 1_000_000, share: 1, seed: 1 } })
    using client = await Client.to(proxy.address)
    client.socket.write('go')
    await client.until(({ ended }) => ended !== undefined)
    expect(client.ended).toBe('ECONNRESET')
    expect(client.received.length).toBeGreaterThan(0)
    expect(client.received.length).toBeLessThanOrEqual(1_000_000)
  })

  it('draws each answer of a connection anew, the same from the same seed', async () => {
    const passed = async () => {
      await using server = await listening(echo)
      await using proxy = await proxied(server.address)
      await proxy.link.add({ toxic: 'cut', parameters: { afterBytes: 0, share: 0.2, seed: 3 } })
      using client = await Client.to(proxy.address)
      let answers = 0
      while (client.ended === undefined && answers < 100) {
        await client.roundTrip('x')
        answers += client.received.length > answers ? 1 : 0
      }
      return answers
    }
    const first = await passed()
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(100)
    expect(await passed()).toBe(first)
  })

  it('is over for an answer that is under way when it ends', async () => {
    let more = () => {}
    await using server = await listening((socket) =>
      socket.once('data', () => {
        socket.write('first')
        more = () => void socket.end(', and the rest')
      }),
    )
    await using proxy = await proxied(server.address)
    const id = await proxy.link.add({ toxic: 'cut', parameters: { afterBytes: 8, share: 1, seed: 1 } })
    using client = await Client.to(proxy.address)
    client.socket.write('ask')
    await client.until(({ received }) => received === 'first')
    await proxy.link.remove(id)
    more()
    await client.until(({ ended }) => ended !== undefined)
    expect(client).toMatchObject({ received: 'first, and the rest', ended: 'end' })
  })

  it('lets an answer pass whole that is no longer than that', async () => {
    await using server = await listening(echo)
    await using proxy = await proxied(server.address)
    await proxy.link.add({ toxic: 'cut', parameters: { afterBytes: 4, share: 1, seed: 1 } })
    using client = await Client.to(proxy.address)
    await client.roundTrip('four')
    await client.roundTrip('four')
    expect(client).toMatchObject({ received: 'fourfour', ended: undefined })
  })
})
