// What came back, as evidence: raw fields out of status, headers and body, in both of the forms that a Streamable HTTP answer
// has (JSON, or one message as server-sent events). It does not judge; the one exception is the role's own correctness
// rules, since the result itself is not kept. Pure; runs inside k6, where parsing a body of 1 KB takes as long as sending the call
// (0.2 ms against 0.006 for one field by the engine's own look-up): a fine result is peeked at, everything else parsed whole.
// Only results of keyed calls are hashed: they alone are compared, a replay with the first answer.
import type { Evidence } from '../history/load-line.ts'
import type { Correctness, TenantsAt } from '../plan/plan.ts'
import { at, isCorrect } from './correctness.ts'
import { EventText } from './event-text.ts'
import { isId, peekResult, TEXT_CHARACTERS_MAX } from './peeked.ts'

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
  // As a date it stands on the server's clock.
  if (status !== 200 && evidence.retryAfter?.includes(':')) put(evidence, 'date', raw.header('Date'))
  put(evidence, 'rateLimit', raw.header('Ratelimit'))
  put(evidence, 'rateLimitPolicy', raw.header('Ratelimit-Policy'))
  if (status === 401 || status === 403) put(evidence, 'challenge', raw.header('Www-Authenticate')?.slice(0, MESSAGE_CHARACTERS_MAX))
  if (question.instanceHeader !== undefined) put(evidence, 'instance', raw.header(question.instanceHeader))
  // Characters stand in for bytes where the answer came in chunks or packed: counting them would cost more than it tells.
  const told = Number(raw.header('Content-Length'))
  evidence.sizeBytes = told > raw.body.length ? told : raw.body.length
  // What a small body without structured content says, it says in its text.
  const wordsAlone = evidence.sizeBytes < SMALL_BYTES && !raw.body.includes('"structuredContent"')
  if (contentType !== undefined && peekResult(evidence, raw, contentType, question, wordsAlone)) return evidence
  const message = parseAnswer(raw.body, contentType ?? '')
  evidence.parsed = message !== undefined
  if (message) addMessage(evidence, message, question, wordsAlone)
  // What stands before a server speaks in words alone; of a stream without an answer the beginning tells whether it may go on.
  else if (raw.body) put(evidence, 'message', raw.body.slice(0, TEXT_CHARACTERS_MAX))
  return evidence
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

function addMessage(evidence: Evidence, { id, error, result }: Json, question: Question, wordsAlone: boolean): void {
  if (isId(id)) evidence.rpcId = id
  if (isObject(error)) addError(evidence, error)
  else if (!isObject(result)) return
  else if (result.resultType === 'input_required') evidence.message = inputWanted(result)
  else addResult(evidence, result, question, wordsAlone)
}

/**
 * An answer that is none yet (2026-07-28): what a server may ask of clients that have declared it, and our
 * agents declare nothing. They do not ask again with its `requestState` alone either, as the SDK's client does.
 */
function inputWanted({ inputRequests }: Json): string {
  const methods = isObject(inputRequests)
    ? Object.values(inputRequests).map((wanted) => (isObject(wanted) ? String(wanted.method) : ''))
    : []
  return `input required: ${methods.join(', ')}`.slice(0, MESSAGE_CHARACTERS_MAX)
}

function addError(evidence: Evidence, { code, message, data }: Json): void {
  if (typeof code === 'number') evidence.rpcCode = code
  if (typeof message === 'string') evidence.message = message.slice(0, MESSAGE_CHARACTERS_MAX)
  // Some give a sentence there, or a list: the Java SDK what was thrown.
  if (data) evidence.data = bounded(isObject(data) ? data : { data })
}

function addResult(evidence: Evidence, result: Json, { correct, arguments: given, keyed }: Question, wordsAlone: boolean): void {
  const isError = result.isError === true
  evidence.isError = isError
  const text = isError || wordsAlone ? textOf(result.content) : undefined
  if (text !== undefined) evidence.message = text.slice(0, isError ? MESSAGE_CHARACTERS_MAX : TEXT_CHARACTERS_MAX)
  // What a tool raises is only text in Python's SDK, behind words of its own: those who have more to say put JSON there.
  const inText = () => parseObject((text ?? '').replace(/^Error executing tool \S+: /, ''))
  const told = isError && (isObject(result.structuredContent) ? result.structuredContent : inText())
  if (told) evidence.data = bounded(told)
  if (isReplay(result._meta)) evidence.replayed = true
  if (isError) return
  if (keyed) evidence.hash = fnv1a(sorted(unmarked(result)))
  if (correct.length > 0) evidence.correct = isCorrect(correct, (pointer) => at(result, pointer), given)
}

/** `replayed: true` in the result's `_meta`, under whatever prefix. */
function isReplay(meta: unknown): boolean {
  return isObject(meta) && Object.keys(meta).some((name) => meta[name] === true && (name === 'replayed' || name.endsWith('/replayed')))
}

/** By which servers say within the result whether this is the first answer or the same again; and when it was given. */
const MARK = /^(is_?)?((idempotent_?)?replay(ed)?|idempotent|duplicate|cached|created|existing|already_?(exist(s|ed)|processed))$/i
const MOMENT = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d/

/** What a result says, but for such marks: it must be the same when it is told again. */
function unmarked({ structuredContent, content }: Json): unknown {
  const alone = Array.isArray(content) && content.length === 1
  const said = structuredContent ?? (alone ? parseObject(textOf(content) ?? '') : undefined) ?? content
  if (!isObject(said)) return said
  const isMark = (name: string, value: unknown) =>
    typeof value === 'boolean' ? MARK.test(name) : typeof value === 'string' && MOMENT.test(value)
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => !isMark(name, value)))
}

function textOf(content: unknown): string | undefined {
  const first: unknown = Array.isArray(content) ? content[0] : undefined
  return isObject(first) && typeof first.text === 'string' ? first.text : undefined
}

/**
 * The first fields that fit: evidence is kept for every call, so it has a bound. Many servers put what they say
 * of an error one level deeper: `{ error: { code, … } }`.
 */
function bounded(told: Json): Json {
  const { error, ...rest } = told
  const data = isObject(error) ? { ...rest, ...error } : told
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

/** Undefined for what is no JSON, or no object. */
export function parseObject(text: string): Json | undefined {
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
