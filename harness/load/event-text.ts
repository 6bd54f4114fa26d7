// Server-sent events out of text, whole or piece by piece: gives the data of each event, and keeps what is needed to go on where a stream
// ended: the last event's id and the wait that the server asks for. Lines end as they like (LF, CRLF, CR), comments are skipped, several
// `data:` lines are one text. Pure; runs inside k6.
// Bound: an event of more than 4 MB is let go. Not modelled: event types of the server's own, which no MCP client looks at.
// Source: WHATWG HTML, server-sent events.

const EVENT_CHARACTERS_MAX = 4_000_000
/** A timer that is given more fires at once. */
const RETRY_MAX_MS = 2 ** 31 - 1

export class EventText {
  /** Of the last event that had one. */
  lastId: string | undefined
  /** What the server asks to wait before coming back, ms. */
  retryMs: number | undefined
  readonly #take: (data: string) => void
  /** Something of this stream has come: a byte order mark may only be the first of it. */
  #begun = false
  #line = ''
  #data: string[] = []
  #length = 0

  constructor(take: (data: string) => void) {
    this.#take = take
  }

  feed(piece: string): void {
    const marked = !this.#begun && piece.startsWith('\ufeff')
    if (piece !== '') this.#begun = true
    // A CR at the end may be half of a CRLF.
    const lines = (this.#line + (marked ? piece.slice(1) : piece)).split(/\r\n|\n|\r(?!$)/)
    this.#line = (lines.pop() ?? '').slice(0, EVENT_CHARACTERS_MAX)
    for (const line of lines) this.#read(line)
  }

  /** The stream has ended in good order: what came last counts, though no empty line followed. */
  end(): void {
    this.#read(this.#line.replace(/\r$/, ''))
    this.#dispatch()
    this.cut()
  }

  /** The stream has ended in the middle of whatever was coming; what is fed next is another. */
  cut(): void {
    this.#begun = false
    this.#line = ''
    this.#data = []
    this.#length = 0
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
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Math.min(Number(value), RETRY_MAX_MS)
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
    if (text !== '' && whole) this.#take(text)
  }
}
