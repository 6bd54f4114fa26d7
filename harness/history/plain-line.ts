// Sends and ends that are plainly as they should be. A run of a million calls has two million of them, and the schema (event-schema.ts)
// takes as long for one as reading it does; so it is asked only about lines of which this file is not sure. It may be stricter than the
// schema, never laxer: plain-line.test.ts holds the two together, field by field.
type Line = Readonly<Record<string, unknown>>

const ROLES: ReadonlySet<unknown> = new Set([
  ...['cheapRead', 'expensiveRead', 'write', 'money', 'external', 'slow', 'large', 'list', 'composite'],
  'handshake',
])
const TRANSPORTS: ReadonlySet<unknown> = new Set(['timeout', 'reset', 'refused', 'dns', 'tls', 'cut', 'other'])
const WORDS = ['transportText', 'contentType', 'retryAfter', 'rateLimit', 'rateLimitPolicy', 'instance', 'challenge', 'message', 'hash']
const ANSWERS = ['parsed', 'isError', 'replayed', 'correct']
const NUMBERS = ['rpcCode', 'sizeBytes']

/** @param value a line of raw/load.ndjson, as JSON read it */
export function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const line = value as Line
  if (!isName(line.call) || !isName(line.agent) || !isCount(line.seq, 1)) return false
  return line.kind === 'send' ? isPlainSend(line) : line.kind === 'end' && isPlainEnd(line)
}

function isPlainSend(line: Line): boolean {
  return (
    isName(line.task) &&
    isCount(line.turn, 0) &&
    isCount(line.attempt, 1) &&
    ROLES.has(line.role) &&
    typeof line.tool === 'string' &&
    typeof line.trace === 'string' &&
    Number.isFinite(line.plannedAtMs) &&
    Number.isFinite(line.sentAtMs) &&
    isAtLeast(line.timeoutMs, 0) &&
    (line.parent === undefined || isName(line.parent)) &&
    (line.key === undefined || isName(line.key)) &&
    // Rare: the schema may look at it.
    line.credential === undefined &&
    line.altered === undefined
  )
}

function isPlainEnd(line: Line): boolean {
  const { rpcId, data, tenants } = line
  return (
    Number.isFinite(line.endedAtMs) &&
    isCount(line.status, 0) &&
    (line.status as number) <= 999 &&
    (line.transport === undefined || TRANSPORTS.has(line.transport)) &&
    (rpcId === undefined || rpcId === null || typeof rpcId === 'string') &&
    (data === undefined || (typeof data === 'object' && data !== null && !Array.isArray(data))) &&
    (tenants === undefined || (Array.isArray(tenants) && tenants.every((tenant) => typeof tenant === 'string'))) &&
    WORDS.every((name) => line[name] === undefined || typeof line[name] === 'string') &&
    ANSWERS.every((name) => line[name] === undefined || typeof line[name] === 'boolean') &&
    NUMBERS.every((name) => line[name] === undefined || isAtLeast(line[name], 0))
  )
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

function isCount(value: unknown, from: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= from
}

function isAtLeast(value: unknown, from: number): boolean {
  return Number.isFinite(value) && (value as number) >= from
}
