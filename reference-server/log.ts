// One JSON line a request on stdout, whatever became of it: what an operator needs, and no argument's value. Arguments appear as
// names, size and a keyed hash, so that equal calls can be seen without being read (seed 1, mistake 3: PII in the aggregator).
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import pino from 'pino'
import type { Answer, Call } from './call.ts'
import type { Settings } from './config.ts'
import { methodName, TOOL_ERROR } from './telemetry-names.ts'

export interface Log {
  request(line: RequestLine): void
  /** The server's own doings: started, draining, a breaker opened. */
  event(message: string, fields?: Record<string, unknown>): void
  problem(message: string, error: unknown, fields?: Record<string, unknown>): void
  /** All lines are out, or `withinMs` has passed. */
  close(withinMs: number): Promise<void>
}

export interface RequestLine {
  requestId: string
  call?: Call
  /** What it was told; absent when it was gone. */
  answer?: Answer
  durationMs: number
  /** Went away before it was answered. */
  gone: boolean
}

/** Lines that a stalled reader of stdout may leave waiting; more are dropped, so that it does not take the server along. */
const BACKLOG_MAX_BYTES = 16_000_000
/** Lines leave together: written one by one they cost half as much again. A killed process takes its last 50 ms along. */
const TOGETHER_BYTES = 16_000
const TOGETHER_MS = 50

export function createLog(settings: Pick<Settings, 'INSTANCE' | 'LOG_LEVEL' | 'LOG_HASH_KEY'>, fd = 1): Log {
  // Connections that are being cut may still complain.
  let closed = false
  const destination = pino.destination({
    fd,
    sync: false,
    minLength: TOGETHER_BYTES,
    periodicFlush: TOGETHER_MS,
    maxLength: BACKLOG_MAX_BYTES,
    // A reader that has stalled must not hold the process up when it ends.
    retryEAGAIN: () => !closed,
    // Text that waits is measured anew with each line, which cost half of a line's price; bytes are not.
    contentMode: 'buffer',
  })
  const write = (line: string): void => void destination.write(Buffer.from(line) as never)
  // A full disk is no reason to stop serving.
  destination.on('error', () => undefined)
  const base = { instance: settings.INSTANCE }
  const logger = pino({ level: settings.LOG_LEVEL, base, timestamp: pino.stdTimeFunctions.isoTime }, { write })
  const hashOf = argumentHash(settings.LOG_HASH_KEY)
  return {
    request(line) {
      if (!closed && logger.isLevelEnabled('info')) write(requestLine(line, settings.INSTANCE, hashOf))
    },
    event(message, fields = {}) {
      if (!closed) logger.info(fields, message)
    },
    problem(message, error, fields = {}) {
      if (!closed) logger.error({ ...fields, problem: textOf(error) }, message)
    },
    async close(withinMs) {
      closed = true
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, withinMs)
      destination.once('close', resolve)
      destination.end()
      await promise
      clearTimeout(timer)
    },
  }
}

/** Equal arguments, equal hashes; nobody without the key can try out what they were. */
function argumentHash(secret: string): (text: string) => string {
  const key = createSecretKey(secret ? Buffer.from(secret) : randomBytes(32))
  const hashOf = (text: string): string => createHmac('sha256', key).update(text).digest('base64url').slice(0, 16)
  const ofNone = hashOf(NO_ARGUMENTS)
  return (text) => (text === NO_ARGUMENTS ? ofNone : hashOf(text))
}

const NO_ARGUMENTS = '{}'
const INFO = 30

/** A line as pino would write it, made in one piece: pino's own way, field by field, takes three times as long. */
function requestLine(line: RequestLine, instance: string, hashOf: (text: string) => string): string {
  const { requestId, call, answer, durationMs, gone } = line
  const { identity, tool, facts } = call ?? {}
  const text = call?.arguments === undefined ? undefined : JSON.stringify(call.arguments)
  const fields = {
    level: INFO,
    time: new Date(),
    instance,
    trace_id: call?.traceId,
    request_id: requestId,
    tenant: identity?.tenant,
    agent_id: identity?.agent,
    key_id: identity?.keyId,
    auth_pattern: identity && (identity.pattern ?? 'bearer-key'),
    method: call && methodName(call.method),
    tool_name: tool?.name,
    status: gone ? 'gone' : (answer?.error?.counts ?? 'success'),
    http_status: answer?.status,
    error_code: answer?.error?.code,
    error_type: answer?.error && (answer.status === 200 ? TOOL_ERROR : 'refused'),
    duration_ms: round(durationMs),
    body_ms: facts && round(facts.bodyMs ?? 0),
    limiter_ms: facts && round(facts.admissionMs ?? 0),
    queue_ms: facts && round(facts.queueMs),
    db_ms: facts && round(facts.dbMs),
    upstream_ms: facts && round(facts.upstreamMs ?? 0),
    replayed: facts?.replayed || undefined,
    input_token_estimate: text && Math.ceil(text.length / 4),
    argument_names: tool && call?.arguments && Object.keys(tool.input.shape).filter((name) => name in (call.arguments ?? {})),
    answer_bytes: answer && Buffer.byteLength(answer.body),
    argument_bytes: text && Buffer.byteLength(text),
    argument_hash: text && hashOf(text),
    msg: 'request',
  }
  return `${JSON.stringify(fields)}\n`
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

/**
 * Name, code, and message without what stands in quotes: Postgres and the parsers of JSON and numbers quote the very value that
 * they could not take. No stack in the line that everybody reads.
 */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code, constraint, routine } = error as { code?: unknown; constraint?: unknown; routine?: unknown }
  const where = [code, constraint, routine].filter((word) => typeof word === 'string').join(' ')
  const said = error.message
    .split('\n')[0]
    ?.replace(/(["'`]).*\1/g, '$1…$1')
    .slice(0, 300)
  return `${error.name}${where && ` ${where}`}: ${said}`
}
