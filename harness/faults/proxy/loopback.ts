// Real sockets for the proxy's tests: a server on loopback that does as it is told, and a client that collects.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { hostAndPort } from '../../environment/canary.ts'

export interface Listening extends AsyncDisposable {
  address: string
}

/** A server whose every connection is handed to `serve`. */
export async function listening(serve: (socket: Socket) => void): Promise<Listening> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

export const echo = (socket: Socket): void => void socket.pipe(socket)

/** A client that remembers what came, and how it ended. */
export class Client implements Disposable {
  readonly socket: Socket
  received = ''
  /** `end`, or an errno. */
  ended: string | undefined
  #changed: (() => void)[] = []

  private constructor(address: string) {
    this.socket = connect({ ...hostAndPort(address), noDelay: true, allowHalfOpen: true })
    this.socket.on('data', (chunk) => this.#change(() => (this.received += chunk)))
    this.socket.on('end', () => this.#change(() => (this.ended ??= 'end')))
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.#change(() => (this.ended ??= error.code)))
  }

  static async to(address: string): Promise<Client> {
    const client = new Client(address)
    // A link that is down may reset before the client has seen that it was accepted.
    await once(client.socket, 'connect').catch(() => {})
    return client
  }

  /** Resolves once it is so; the test's own time limit bounds it. */
  async until(isSo: (client: this) => boolean): Promise<void> {
    while (!isSo(this)) await new Promise<void>((resolve) => this.#changed.push(resolve))
  }

  /** Sends, and waits until as many bytes more have come back. */
  async roundTrip(text: string): Promise<number> {
    const begunMs = performance.now()
    const enough = this.received.length + text.length
    this.socket.write(text)
    await this.until(({ received, ended }) => received.length >= enough || ended !== undefined)
    return performance.now() - begunMs
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  #change(apply: () => void): void {
    apply()
    for (const wake of this.#changed.splice(0)) wake()
  }
}
