// Inside a worker's process: its settings, and the door on loopback at which the harness gives it orders (worker.ts).
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Server } from 'node:net'

const ORDER_MAX_BYTES = 65_536

export type Orders = Record<string, (body: never) => unknown>

export function settingsOf<T>(): T {
  return JSON.parse(process.env.SETTINGS ?? '{}') as T
}

/** Listens on loopback; port 0 takes a free one. Returns `127.0.0.1:port`. */
export async function listen(server: Server, port = 0): Promise<string> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Opens the door and says so. From here on the process lives until it is told to end or the harness is gone. */
export async function openDoor(address: string, orders: Orders, port = 0): Promise<void> {
  process.on('disconnect', () => process.exit(0))
  process.on('SIGTERM', () => process.exit(0))
  const server = createServer((request, response) => {
    carryOut(orders, request).then(
      (result) => response.end(JSON.stringify(result ?? null)),
      (error: Error) => response.writeHead(500).end(error.message),
    )
  })
  const door = await listen(server, port)
  process.stdout.write(`ready ${JSON.stringify({ address, door })}\n`)
}

async function carryOut(orders: Orders, request: IncomingMessage): Promise<unknown> {
  const order = orders[request.url?.slice(1) ?? '']
  if (!order) throw new Error(`there is no order ${request.url}`)
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > ORDER_MAX_BYTES) throw new Error('the order is too long')
  }
  return await order(JSON.parse(text || '{}') as never)
}
