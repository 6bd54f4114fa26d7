// Sends and ends that are plainly as they should be. A run of a million calls has two million of them, and the schema (event-schema.ts)
// takes as long for one as reading it does; so it is asked only about lines of which this file is not sure. It may be stricter than the
// schema, never laxer: plain-line.test.ts holds the two together, field by field. Each field is named where it is read, in no table of
// fields: an engine reads a name that stands in the code at once, and looks one up that comes out of a list.
import { role, transport } from './event-schema.ts'

type Line = Readonly<Record<string, unknown>>

const ROLES: ReadonlySet<unknown> = new Set([...role.options, 'handshake'])
const TRANSPORTS: ReadonlySet<unknown> = new Set(transport.options)

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
    maybe(line.transportText, 'string') &&
    maybe(line.contentType, 'string') &&
    maybe(line.retryAfter, 'string') &&
    maybe(line.date, 'string') &&
    maybe(line.rateLimit, 'string') &&
    maybe(line.rateLimitPolicy, 'string') &&
    maybe(line.instance, 'string') &&
    maybe(line.challenge, 'string') &&
    maybe(line.message, 'string') &&
    maybe(line.hash, 'string') &&
    maybe(line.parsed, 'boolean') &&
    maybe(line.isError, 'boolean') &&
    maybe(line.replayed, 'boolean') &&
    maybe(line.correct, 'boolean') &&
    (line.rpcCode === undefined || isAtLeast(line.rpcCode, 0)) &&
    (line.sizeBytes === undefined || isAtLeast(line.sizeBytes, 0))
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

function maybe(value: unknown, type: 'string' | 'boolean'): boolean {
  return value === undefined || typeof value === type
}
