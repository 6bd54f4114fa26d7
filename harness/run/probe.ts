// Asks the target for its tools before any load is sent: is it up, is it MCP, does it let us in, has it what the plan needs?
import { randomBytes } from 'node:crypto'
import { Agent, type Dispatcher, request } from 'undici'
import { HarnessError, nearest } from '../errors.ts'
import type { Tls } from '../load/driver.ts'
import { parseAnswer } from '../load/evidence.ts'
import { initializeRequest, isStateless, type Message, notification, plainRequest, Speaker, type WireRequest } from '../load/request.ts'
import type { Plan } from '../plan/plan.ts'

const ANSWER_MS = 10_000
const PAGES_MAX = 50

interface ToolsPage {
  result?: { tools?: { name: string }[]; nextCursor?: string }
  error?: { code: number; message: string; data?: { supported?: string[] } }
}

/**
 * @throws HarnessError `TARGET_DOWN`, `TARGET_WANTS_TOKEN`, `TARGET_NOT_MCP`, `PROTOCOL_NOT_SPOKEN`, `TOOL_MISSING`
 */
export async function probe(url: string, { headers = {}, tls = {} }: Client, plan: Plan, signal: AbortSignal): Promise<void> {
  const endpoint = { url, dispatcher: new Agent({ connect: { ...tls } }) }
  try {
    const speaker = await introduce(endpoint, new Speaker(plan.protocol, headers), signal)
    assertTools(url, await toolNames(endpoint, speaker, signal), plan)
  } finally {
    await endpoint.dispatcher.destroy()
  }
}

/** An agent's own: what it sends, what it shows. */
interface Client {
  headers?: Record<string, string>
  tls?: Tls
}

interface Endpoint {
  url: string
  dispatcher: Dispatcher
}

async function toolNames(endpoint: Endpoint, speaker: Speaker, signal: AbortSignal): Promise<string[]> {
  const names: string[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page++) {
    const { result } = await toolsPage(endpoint, speaker, cursor, signal)
    names.push(...(result?.tools ?? []).map((tool) => tool.name))
    cursor = result?.nextCursor
    if (cursor === undefined) break
  }
  return names
}

function assertTools(url: string, names: readonly string[], plan: Plan): void {
  for (const [role, { tool }] of Object.entries(plan.roles)) {
    if (names.includes(tool)) continue
    const near = nearest(tool, names)
    const hint =
      near.length > 0
        ? `did you mean ${near.join(', ')}? Mend tools.${role}.name in the target`
        : `it has: ${names.slice(0, 20).join(', ') || 'none'}`
    throw new HarnessError('TOOL_MISSING', `${url} has no tool ${JSON.stringify(tool)}, which plays ${role}`, hint)
  }
}

/** In the eras of sessions: the handshake; its session is used for the questions that follow, and left. */
async function introduce(endpoint: Endpoint, speaker: Speaker, signal: AbortSignal): Promise<Speaker> {
  if (isStateless(speaker.protocol)) return speaker
  const { message, session } = await ask(endpoint, initializeRequest(nextMessage(), speaker), speaker, signal)
  const spoken = (message as InitializeAnswer | undefined)?.result?.protocolVersion
  if (spoken !== undefined && spoken !== speaker.protocol) throw notSpoken(endpoint.url, speaker.protocol, spoken)
  const within = new Speaker(speaker.protocol, speaker.headers, session)
  await post(endpoint, notification({ ...nextMessage(), method: 'notifications/initialized' }, within), signal)
  return within
}

interface InitializeAnswer {
  result?: { protocolVersion?: string }
}

async function toolsPage(endpoint: Endpoint, speaker: Speaker, cursor: string | undefined, signal: AbortSignal): Promise<ToolsPage> {
  const request = plainRequest({ ...nextMessage(), method: 'tools/list' }, speaker)
  if (cursor !== undefined) {
    const message = JSON.parse(request.body) as { params: object }
    request.body = JSON.stringify({ ...message, params: { ...message.params, cursor } })
  }
  const { message, status, text } = await ask(endpoint, request, speaker, signal)
  const page = message as ToolsPage | undefined
  if (page?.result) return page
  throw new HarnessError(
    'TARGET_NOT_MCP',
    `${endpoint.url} answered ${status} to tools/list, without a list of tools: ${JSON.stringify(text.slice(0, 120))}`,
    'url must be the Streamable HTTP endpoint, often ending in /mcp',
  )
}

async function ask(endpoint: Endpoint, request: WireRequest, { protocol }: Speaker, signal: AbortSignal): Promise<Answered> {
  const answered = await post(endpoint, request, signal)
  const { status, text } = answered
  if (status === 401 || status === 403) {
    throw new HarnessError(
      'TARGET_WANTS_TOKEN',
      `${endpoint.url} answered ${status}`,
      "give the agents a token: agents: { headers: () => ({ authorization: 'Bearer …' }) }",
    )
  }
  const message = parseAnswer(text, answered.type) as ToolsPage | undefined
  if (message?.error?.code === -32022 || (message?.error && /protocol.?version/i.test(message.error.message)))
    throw notSpoken(endpoint.url, protocol, message.error.data?.supported?.join(', ') ?? 'another version')
  return { ...answered, ...(message && { message }) }
}

function notSpoken(url: string, protocol: string, spoken: string): HarnessError {
  const others = PROTOCOLS.filter((one) => one !== protocol && (spoken.includes(one) || !PROTOCOLS.some((known) => spoken.includes(known))))
  return new HarnessError(
    'PROTOCOL_NOT_SPOKEN',
    `${url} does not speak MCP ${protocol} (it speaks ${spoken})`,
    `pin one that it speaks: --protocol ${others.join(' or ') || PROTOCOLS.join(' or ')}`,
  )
}

const PROTOCOLS = ['2026-07-28', '2025-11-25', '2025-06-18']

interface Answered {
  status: number
  text: string
  type: string
  session?: string
  message?: object
}

let asked = 0

function nextMessage(): Message {
  asked += 1
  return { call: `probe-${asked}`, trace: randomBytes(16).toString('hex'), span: randomBytes(8).toString('hex') }
}

async function post({ url, dispatcher }: Endpoint, { headers, body }: WireRequest, signal: AbortSignal): Promise<Answered> {
  try {
    const stop = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
    const answer = await request(url, { method: 'POST', headers, body, signal: stop, dispatcher })
    const session = answer.headers['mcp-session-id']
    return {
      status: answer.statusCode,
      text: await answer.body.text(),
      type: String(answer.headers['content-type'] ?? ''),
      ...(typeof session === 'string' && { session }),
    }
  } catch (error) {
    signal.throwIfAborted()
    throw new HarnessError(
      'TARGET_DOWN',
      `${url} does not answer (${reasonOf(error)})`,
      'start the server, or mend url in the target',
      error,
    )
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return code ?? message
}
