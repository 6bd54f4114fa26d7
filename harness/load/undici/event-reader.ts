// An event stream as it comes, in pieces of bytes: its JSON-RPC messages. A character may lie across two pieces.
// Source: MCP 2025-11-25, Streamable HTTP, resumability.
import { StringDecoder } from 'node:string_decoder'
import { EventText } from '../event-text.ts'
import { parseObject } from '../evidence.ts'

export interface RpcMessage {
  id?: string | number | null
  /** Of requests and notifications. */
  method?: string
  result?: unknown
  error?: unknown
}

export class EventReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #events: EventText

  constructor(take: (message: RpcMessage) => void) {
    this.#events = new EventText((data) => {
      const message: RpcMessage | undefined = parseObject(data)
      if (message) take(message)
    })
  }

  get lastId(): string | undefined {
    return this.#events.lastId
  }

  get retryMs(): number | undefined {
    return this.#events.retryMs
  }

  feed(chunk: Buffer): void {
    this.#events.feed(this.#decoder.write(chunk))
  }

  end(): void {
    this.#events.end()
  }

  cut(): void {
    this.#events.cut()
    this.#decoder.end()
  }
}

/** One that can be read as it comes: a packed one is whole only at its end. */
export function isEventStream(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  return /^text\/event-stream\b/i.test(String(headers['content-type'])) && headers['content-encoding'] === undefined
}
