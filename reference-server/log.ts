// One JSON line a request on stdout, whatever became of it: what an operator needs, and no argument's value. Arguments appear as
// names, size and a keyed hash, so that equal calls can be seen without being read (seed 1, mistake 3: PII in the aggregator).
import { createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import pino from 'pino'
import type { Answer, Call } from './call.ts'
import type { Settings } from './config.ts'

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

export function createLog(settings: Pick<Settings, 'INSTANCE' | 'LOG_LEVEL' | 'LOG_HASH_KEY'>, fd = 1): Log {
  const destination = pino.destination({ fd, sync: false, minLength: 0, maxLength: BACKLOG_MAX_BYTES })
  const base = { instance: settings.INSTANCE }
  const logger = pino({ level: settings.LOG_LEVEL, base, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  const key = createSecretKey(settings.LOG_HASH_KEY ? Buffer.from(settings.LOG_HASH_KEY) : randomBytes(32))
  return {
    request(line) {
      logger.info(requestFields(line, key), 'request')
    },
    event: (message, fields = {}) => logger.info(fields, message),
    problem: (message, error, fields = {}) => logger.error({ ...fields, problem: textOf(error) }, message),
    async close(withinMs) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, withinMs)
      destination.once('close', resolve)
      destination.end()
      await promise
      clearTimeout(timer)
    },
  }
}

function requestFields({ requestId, call, answer, durationMs, gone }: RequestLine, key: KeyObject): Record<string, unknown> {
  const { identity, tool, facts } = call ?? {}
  const text = call?.arguments === undefined ? undefined : JSON.stringify(call.arguments)
  return {
    trace_id: call?.traceId,
    request_id: requestId,
    tenant: identity?.tenant,
    agent_id: identity?.agent,
    key_id: identity?.keyId,
    auth_pattern: identity && 'bearer-key',
    method: call?.method,
    tool_name: tool?.name,
    status: gone ? 'gone' : (answer?.error?.counts ?? 'success'),
    http_status: answer?.status,
    error_code: answer?.error?.code,
    error_type: answer?.error && (answer.status === 200 ? 'tool_error' : 'refused'),
    duration_ms: round(durationMs),
    queue_ms: facts && round(facts.queueMs),
    db_ms: facts && round(facts.dbMs),
    upstream_ms: 0,
    replayed: facts?.replayed || undefined,
    input_token_estimate: text && Math.ceil(text.length / 4),
    argument_names: tool && call?.arguments && Object.keys(tool.input.shape).filter((name) => name in (call.arguments ?? {})),
    argument_bytes: text && Buffer.byteLength(text),
    argument_hash: text && createHmac('sha256', key).update(text).digest('base64url').slice(0, 16),
  }
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

/** Name, code and message: no stack in the line that everybody reads. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as { code?: unknown }
  return `${error.name}${code === undefined ? '' : ` ${String(code)}`}: ${error.message}`
}
