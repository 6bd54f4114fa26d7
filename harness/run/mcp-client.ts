// One client of an MCP server, for a look before any load: it introduces itself, lists the tools, calls one. What is in the way
// is said in a sentence with what to type: down, no MCP, another revision, a token wanted, a redirect (not followed: the token
// would go along), another transport. In the eras of sessions its session is used for the questions that follow, and left.
// Parameters: none; each answer is waited for 10 s, of a list 50 pages are read, an answer is read up to 4 MB.
// Not modelled: retries; whatever a server asks back.
import { randomBytes } from 'node:crypto'
import { Agent, type Dispatcher, request } from 'undici'
import { HarnessError } from '../errors.ts'
import type { Tls } from '../load/driver.ts'
import { parseAnswer } from '../load/evidence.ts'
import {
  initializeRequest,
  isStateless,
  type Message,
  notification,
  type Protocol,
  plainRequest,
  Speaker,
  toolCallRequest,
  type WireRequest,
} from '../load/request.ts'
import { assertStreamable, notSpoken, oldPair, redirected, TokenWanted, turnedAway } from './transport.ts'

const ANSWER_MS = 10_000
const ANSWER_BYTES_MAX = 4_000_000
const PAGES_MAX = 50

export interface Tool {
  name: string
  description?: string
  inputSchema?: Record<string, unknown>
  annotations?: { readOnlyHint?: boolean; destructiveHint?: boolean; openWorldHint?: boolean; idempotentHint?: boolean }
}

/** An agent's own: what it sends, what it shows. */
export interface ClientOptions {
  headers?: Record<string, string>
  tls?: Tls
}

export interface Answered {
  status: number
  text: string
  type: string
  session?: string
  /** As it was sent. */
  retryAfter?: string
  /** What a 401 says of how to get in: WWW-Authenticate. */
  challenge?: string
  message?: { result?: Record<string, unknown>; error?: { code: number; message: string; data?: { supported?: string | string[] } } }
  tookMs: number
}

let asked = 0

function nextMessage(): Message {
  asked += 1
  return { call: `probe-${asked}`, trace: randomBytes(16).toString('hex'), span: randomBytes(8).toString('hex') }
}

export class McpClient implements AsyncDisposable {
  readonly url: string
  readonly #dispatcher: Dispatcher
  readonly #signal: AbortSignal
  #speaker: Speaker

  private constructor(url: string, protocol: Protocol, { headers = {}, tls = {} }: ClientOptions, signal: AbortSignal) {
    this.url = url
    this.#dispatcher = new Agent({ connect: { ...tls }, maxResponseSize: ANSWER_BYTES_MAX })
    this.#signal = signal
    this.#speaker = new Speaker(protocol, headers)
  }

  /**
   * In the eras of sessions: the handshake.
   * @throws HarnessError `TARGET_DOWN`, `TARGET_BUSY`, `TARGET_WANTS_TOKEN`, `TARGET_REDIRECTS`,
   * `TRANSPORT_NOT_SPOKEN`, `PROTOCOL_NOT_SPOKEN`, `TARGET_NOT_MCP`
   */
  static async meet(url: string, protocol: Protocol, client: ClientOptions, signal: AbortSignal): Promise<McpClient> {
    assertStreamable(url)
    const mcp = new McpClient(url, protocol, client, signal)
    try {
      await mcp.#introduce()
      return mcp
    } catch (error) {
      await mcp[Symbol.asyncDispose]()
      throw error
    }
  }

  get protocol(): Protocol {
    return this.#speaker.protocol
  }

  /** All pages. @throws HarnessError as `meet` */
  async tools(): Promise<Tool[]> {
    const tools: Tool[] = []
    let cursor: string | undefined
    for (let page = 0; page < PAGES_MAX; page++) {
      const answered = await this.#ask(this.#listRequest(cursor))
      const result = answered.message?.result as { tools?: Tool[]; nextCursor?: string | null } | undefined
      if (!Array.isArray(result?.tools)) throw await this.#notMcp(answered)
      tools.push(...result.tools.filter((tool) => typeof tool?.name === 'string'))
      // Some say null, or nothing between quotes, instead of leaving it out.
      cursor = result.nextCursor || undefined
      if (cursor === undefined) break
    }
    return tools
  }

  /**
   * The tools of a server that speaks the client's revision for sure: in the stateless era every
   * server answers `server/discover`, and some of the older ones list their tools to whoever asks.
   */
  async discovered(): Promise<Tool[]> {
    if (isStateless(this.protocol)) {
      const answered = await this.#ask(plainRequest({ ...nextMessage(), method: 'server/discover' }, this.#speaker))
      if (!answered.message?.result) throw await this.#notMcp(answered)
    }
    return await this.tools()
  }

  /** Whatever it answers. @throws HarnessError `TARGET_DOWN` */
  async call(tool: string, given: Record<string, unknown>): Promise<Answered> {
    const { call, trace, span } = nextMessage()
    const role = { tool, sloMs: 0, needs: [], correct: [] }
    return await this.#post(toolCallRequest(call, role, given, undefined, trace, span, this.#speaker))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispatcher.destroy()
  }

  async #introduce(): Promise<void> {
    const { protocol, headers } = this.#speaker
    if (isStateless(protocol)) return
    const answered = await this.#ask(initializeRequest(nextMessage(), this.#speaker))
    const { message, session } = answered
    const spoken = message?.result?.protocolVersion
    if (typeof spoken !== 'string') throw await this.#notMcp(answered)
    if (spoken !== protocol) throw notSpoken(this.url, protocol, spoken)
    this.#speaker = new Speaker(protocol, headers, session)
    await this.#post(notification({ ...nextMessage(), method: 'notifications/initialized' }, this.#speaker))
  }

  #listRequest(cursor: string | undefined): WireRequest {
    const list = plainRequest({ ...nextMessage(), method: 'tools/list' }, this.#speaker)
    if (cursor === undefined) return list
    const message = JSON.parse(list.body) as { params: object }
    return { ...list, body: JSON.stringify({ ...message, params: { ...message.params, cursor } }) }
  }

  async #ask(wire: WireRequest): Promise<Answered> {
    const answered = await this.#post(wire)
    const { status, message, challenge, text } = answered
    if (status === 401 || status === 403) throw new TokenWanted(this.url, status, challenge, text)
    const busy = turnedAway(this.url, answered)
    if (busy) throw busy
    const { error } = message ?? {}
    if (error && (error.code === -32022 || /protocol.?version/i.test(error.message)))
      throw notSpoken(this.url, this.protocol, [error.data?.supported ?? 'another version'].flat().join(', '))
    return answered
  }

  async #notMcp({ status, text, message }: Answered): Promise<HarnessError> {
    // Whoever answers a POST in JSON-RPC is no server of the old pair.
    const old = message ? undefined : await oldPair(this.url, this.#speaker.headers, this.#dispatcher, this.#signal)
    if (old) return old
    return new HarnessError(
      'TARGET_NOT_MCP',
      `${this.url} answered ${status} to MCP ${this.protocol}, without a list of tools: ${JSON.stringify(text.slice(0, 120))}`,
      'url must be the Streamable HTTP endpoint, often ending in /mcp',
    )
  }

  async #post({ headers, body }: WireRequest): Promise<Answered> {
    const startedMs = performance.now()
    try {
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS)])
      const answer = await request(this.url, { method: 'POST', headers, body, signal, dispatcher: this.#dispatcher })
      const text = await answer.body.text()
      const moved = redirected(this.url, answer.statusCode, answer.headers.location)
      if (moved) throw moved
      const type = String(answer.headers['content-type'] ?? '')
      const { 'mcp-session-id': session, 'www-authenticate': challenge, 'retry-after': retryAfter } = answer.headers
      const message = parseAnswer(text, type) as Answered['message']
      return {
        status: answer.statusCode,
        text,
        type,
        ...(typeof session === 'string' && { session }),
        ...(challenge !== undefined && { challenge: String(challenge) }),
        ...(retryAfter !== undefined && { retryAfter: String(retryAfter) }),
        ...(message && { message }),
        tookMs: performance.now() - startedMs,
      }
    } catch (error) {
      if (error instanceof HarnessError) throw error
      this.#signal.throwIfAborted()
      const { code, message } = error as NodeJS.ErrnoException
      throw new HarnessError(
        'TARGET_DOWN',
        `${this.url} does not answer (${code ?? message})`,
        'start the server, or mend its address',
        error,
      )
    }
  }
}
