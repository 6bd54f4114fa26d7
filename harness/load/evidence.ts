// What came back, as evidence: raw fields out of status, headers and body, in both of the forms that a Streamable HTTP answer
// has (JSON, or one message as server-sent events). It does not judge; the one exception is the role's own correctness
// rules, since the result itself is not kept. Pure; runs inside k6, where parsing a body of 1 KB takes as long as sending the call
// (0.2 ms against 0.006 for one field by the engine's own look-up): a fine result is peeked at, everything else parsed whole.
// Only results of keyed calls are hashed: they alone are compared, a replay with the first answer.
import type { Evidence } from '../history/load-line.ts'
import type { Correctness, TenantsAt } from '../plan/plan.ts'
import { at, isCorrect } from './correctness.ts'
import { EventText } from './event-text.ts'
import { idOf, peekResult, TEXT_CHARACTERS_MAX } from './peeked.ts'

/** An answer as the engine has it. */
export interface RawAnswer {
  /** 0: none. */
  status: number
  transport?: NonNullable<Evidence['transport']>
  transportText?: string
  /** By its name as Go spells it: each word begins with a capital, the rest is small. */
  header(name: string): string | undefined
  body: string
  /** One value of a JSON body by its dotted path (`result.content.#`: the number of items); undefined when it is not there. */
  peek?(path: string): unknown
}

export interface Question {
  /** The id that must come back; without it whatever comes is taken. */
  call?: string
  arguments: Record<string, unknown>
  correct: readonly Correctness[]
  instanceHeader?: string
  /** Also hash the result. */
  keyed: boolean
  /** Where the answer says whose rows it has. */
  tenants?: readonly TenantsAt[]
}

const DATA_CHARACTERS_MAX = 4_000
const MESSAGE_CHARACTERS_MAX = 500
const CHALLENGE_CHARACTERS_MAX = 500
const SMALL_BYTES = 2_000

type Json = Record<string, unknown>

export function evidenceOf(raw: RawAnswer, question: Question): Evidence {
  const { status } = raw
  if (status === 0) {
    const evidence: Evidence = { status, transport: raw.transport ?? 'other' }
    put(evidence, 'transportText', raw.transportText)
    return evidence
  }
  const contentType = raw.header('Content-Type')
  const evidence: Evidence = { status }
  put(evidence, 'contentType', contentType)
  put(evidence, 'retryAfter', raw.header('Retry-After'))
  put(evidence, 'rateLimit', raw.header('Ratelimit'))
  put(evidence, 'rateLimitPolicy', raw.header('Ratelimit-Policy'))
  if (status === 401 || status === 403) put(evidence, 'challenge', raw.header('Www-Authenticate')?.slice(0, CHALLENGE_CHARACTERS_MAX))
  if (question.instanceHeader !== undefined) put(evidence, 'instance', raw.header(question.instanceHeader))
  // Characters stand in for bytes where the answer came in chunks or packed: counting them would cost more than it tells.
  const told = Number(raw.header('Content-Length'))
  evidence.sizeBytes = told > raw.body.length ? told : raw.body.length
  // What a small body without structured content says, it says in its text.
  const wordsAlone = evidence.sizeBytes < SMALL_BYTES && !raw.body.includes('"structuredContent"')
  if (contentType !== undefined && peekResult(evidence, raw, contentType, question, wordsAlone)) return evidence
  return Object.assign(evidence, wholeBody(raw.body, contentType ?? '', question, wordsAlone))
}

function wholeBody(body: string, contentType: string, question: Question, wordsAlone: boolean): Partial<Evidence> {
  const message = parseAnswer(body, contentType)
  return message ? { parsed: true, ...messageEvidence(message, question, wordsAlone) } : { parsed: false }
}

/** The JSON-RPC answer in a body; undefined when there is none. */
export function parseAnswer(body: string, contentType: string): Json | undefined {
  for (const text of contentType.toLowerCase().includes('text/event-stream') ? eventsIn(body) : [body]) {
    const message = parseObject(text)
    if (message?.jsonrpc === '2.0' && ('result' in message || 'error' in message)) return message
  }
  return undefined
}

function eventsIn(body: string): string[] {
  const found: string[] = []
  const events = new EventText((data) => found.push(data))
  events.feed(body)
  events.end()
  return found
}

function messageEvidence(message: Json, question: Question, wordsAlone: boolean): Partial<Evidence> {
  const rpcId = idOf(message.id)
  if (isObject(message.error)) return { ...rpcId, ...errorEvidence(message.error) }
  if (!isObject(message.result)) return rpcId
  return { ...rpcId, ...(inputWanted(message.result) ?? resultEvidence(message.result, question, wordsAlone)) }
}

/**
 * An answer that is none yet (2026-07-28): what a server may ask of clients that have declared it, and our agents declare nothing. They do not
 * ask again with its `requestState` alone either, as the SDK's client does.
 */
function inputWanted({ resultType, inputRequests }: Json): Partial<Evidence> | undefined {
  if (resultType !== 'input_required') return undefined
  const methods = isObject(inputRequests)
    ? Object.values(inputRequests).map((wanted) => (isObject(wanted) ? String(wanted.method) : ''))
    : []
  return { message: `input required: ${methods.join(', ')}`.slice(0, MESSAGE_CHARACTERS_MAX) }
}

function errorEvidence(error: Json): Partial<Evidence> {
  return {
    ...(typeof error.code === 'number' && { rpcCode: error.code }),
    ...(typeof error.message === 'string' && { message: error.message.slice(0, MESSAGE_CHARACTERS_MAX) }),
    ...(isObject(error.data) && { data: bounded(error.data) }),
  }
}

function resultEvidence(result: Json, { correct, arguments: given, keyed }: Question, wordsAlone: boolean): Partial<Evidence> {
  const isError = result.isError === true
  const text = isError || wordsAlone ? textOf(result.content) : undefined
  return {
    isError,
    ...(text !== undefined && { message: text.slice(0, isError ? MESSAGE_CHARACTERS_MAX : TEXT_CHARACTERS_MAX) }),
    ...(isError && isObject(result.structuredContent) && { data: bounded(result.structuredContent) }),
    ...(isReplay(result._meta) && { replayed: true }),
    ...(keyed && !isError && { hash: fnv1a(sorted(result.structuredContent ?? result.content)) }),
    ...(correct.length > 0 && !isError && { correct: isCorrect(correct, (pointer) => at(result, pointer), given) }),
  }
}

/** `replayed: true` in the result's `_meta`, under whatever prefix. */
function isReplay(meta: unknown): boolean {
  return isObject(meta) && Object.keys(meta).some((name) => meta[name] === true && (name === 'replayed' || name.endsWith('/replayed')))
}

function textOf(content: unknown): string | undefined {
  const first: unknown = Array.isArray(content) ? content[0] : undefined
  return isObject(first) && typeof first.text === 'string' ? first.text : undefined
}

/** The first fields that fit: evidence is kept for every call, so it has a bound. */
function bounded(data: Json): Json {
  const kept: Json = {}
  let length = 2
  for (const name of Object.keys(data)) {
    length += name.length + 4 + (JSON.stringify(data[name])?.length ?? 0)
    if (length > DATA_CHARACTERS_MAX) break
    kept[name] = data[name]
  }
  return kept
}

/** JSON with sorted keys: a result that was stored as jsonb comes back in another order and is still the same. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => sorted(item)).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${sorted(value[name])}`).join(',')}}`
}

/** FNV-1a, 32 bits, over the low and high byte of each code unit; 8 hex digits. */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return (hash >>> 0).toString(16).padStart(8, '0')
}

function parseObject(text: string): Json | undefined {
  try {
    // Fetch takes a byte order mark for no part of a text; engines' own parsers do not.
    const value: unknown = JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Sets a field that is there. */
function put<K extends keyof Evidence>(evidence: Evidence, name: K, value: Evidence[K] | undefined): void {
  if (value !== undefined) evidence[name] = value
}
