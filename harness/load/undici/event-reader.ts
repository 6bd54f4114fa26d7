// Server-sent events as they come, piece by piece: what reading a whole body at its end (evidence.ts) cannot do. Gives the JSON-RPC messages,
// and keeps what is needed to go on where a stream ended: the last event's id and the wait that the server asks for.
// Bound: an event of more than 4 MB is let go. Not modelled: event types of the server's own, which no MCP client looks at.
// Source: WHATWG HTML, server-sent events; MCP 2025-11-25, Streamable HTTP, resumability.
import { StringDecoder } from 'node:string_decoder'

const EVENT_CHARACTERS_MAX = 4_000_000

export interface RpcMessage {
  id?: string | number | null
  /** Of requests and notifications. */
  method?: string
  result?: unknown
  error?: unknown
}

export class EventReader {
  /** Of the last event that had one. */
  lastId: string | undefined
  /** What the server asks to wait before coming back, ms. */
  retryMs: number | undefined
  readonly #take: (message: RpcMessage) => void
  readonly #decoder = new StringDecoder('utf8')
  #line = ''
  #data: string[] = []
  #length = 0

  constructor(take: (message: RpcMessage) => void) {
    this.#take = take
  }

  feed(chunk: Buffer): void {
    const text = this.#line + this.#decoder.write(chunk)
    const lines = text.split(/\r\n|\n|\r(?!$)/)
    this.#line = (lines.pop() ?? '').slice(0, EVENT_CHARACTERS_MAX)
    for (const line of lines) this.#read(line)
  }

  /** The stream has ended in the middle of whatever was coming. */
  cut(): void {
    this.#line = ''
    this.#data = []
    this.#length = 0
    this.#decoder.end()
  }

  #read(line: string): void {
    if (line === '') {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'id') this.lastId = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
    else if (name === 'data') {
      this.#length += value.length
      if (this.#length <= EVENT_CHARACTERS_MAX) this.#data.push(value)
    }
  }

  #dispatch(): void {
    const text = this.#data.join('\n')
    const whole = this.#length <= EVENT_CHARACTERS_MAX
    this.#data = []
    this.#length = 0
    if (text === '' || !whole) return
    const message = parsed(text)
    if (message) this.#take(message)
  }
}

function parsed(text: string): RpcMessage | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
