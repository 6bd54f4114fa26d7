// One table: what came back → what it means. The first row that matches decides. `ok` it happened, `fail` it did not,
// `info` nobody knows (Jepsen's op types): a server error on a read is a fail, on a write it is info, since the write may
// have happened; so is a 503 that names no code. The target's own codes (`errors` of the target) come before ours, and whatever else an
// answer says before JSON-RPC's codes for anything at all (-32603, -32600). What fits no row is `unclassified`: shown, never guessed.
// Not modelled: codes that mean different things on different tools.
import { budgetOf } from './budget.ts'
import { classNamed, codesOf, isNamedVaguely } from './codes.ts'
import { isCutStream } from './cut-stream.ts'
import type { Call, CallClass, Outcome } from './event.ts'
import type { Evidence } from './load-line.ts'
import { INVALID_PROSE, namesLimit, tellsBroken, tellsLimit, tellsMet } from './prose.ts'
import { bodyWaitMs } from './wait.ts'

export interface Classified {
  outcome: Outcome
  class: CallClass
  budget?: string
  /** `inferred`: recognised by its words alone. */
  by: Call['by']
}

export interface Question {
  /** The call's own JSON-RPC id. */
  call: string
  evidence: Evidence
  /** An end line was there. */
  ended: boolean
  role: Call['role']
  /** Of a handshake, its method. */
  tool: string
  /** The target's own codes → class. */
  errors: Record<string, string>
  /** That the role's rules held proves that the answer is one: words alone would not meet them. */
  proves?: boolean
}

/** A question with what every row asks for worked out once. */
interface Seen extends Question {
  write: boolean
  /** Class of the code that came with the answer, by the target's table or ours. */
  named?: CallClass
  /** It was named by no more than JSON-RPC's code for anything at all. */
  vaguely: boolean
  /** The same when it says for sure that nothing happened: then it may refine what a status says. */
  turnedAway?: CallClass
  message: string
}

interface Row {
  when: string
  matches(seen: Seen): boolean
  gives(seen: Seen): CallClass
  /** Without it, what the class means. */
  outcome?: Outcome
  inferred?: true
}

const transportIs =
  (...kinds: string[]) =>
  (seen: Seen) =>
    seen.evidence.transport !== undefined && kinds.includes(seen.evidence.transport)
const statusIs =
  (...wanted: number[]) =>
  (seen: Seen) =>
    wanted.includes(seen.evidence.status)
const hundredIs =
  (hundred: number) =>
  ({ evidence }: Seen) =>
    Math.floor(evidence.status / 100) === hundred
const isToolError = ({ evidence }: Seen) => evidence.status === 200 && evidence.isError === true
const isRpcError = ({ evidence }: Seen) => evidence.status === 200 && evidence.rpcCode !== undefined
const isNamed = ({ named, vaguely }: Seen) => named !== undefined && !vaguely
const isError = (seen: Seen) => isToolError(seen) || isRpcError(seen)

/** In order. Exported for its test, which has a case for every row. */
export const table: readonly Row[] = [
  { when: 'in flight at the end', matches: ({ ended }) => !ended, gives: () => 'lost', outcome: 'info' },
  { when: 'no connection was made', matches: transportIs('refused', 'dns', 'tls'), gives: () => 'unreachable' },
  { when: 'lost after sending', matches: transportIs('timeout', 'reset', 'cut'), gives: () => 'lost' },
  { when: '408 with nothing in it', matches: closedUnread, gives: () => 'lost' },
  { when: 'another transport error', matches: ({ evidence }) => evidence.transport !== undefined, gives: () => 'unclassified' },
  { when: '429', matches: statusIs(429), gives: ({ turnedAway }) => turnedAway ?? 'refused' },
  { when: '503', matches: statusIs(503), gives: ({ turnedAway }) => turnedAway ?? 'unexplained' },
  { when: '401, 403', matches: statusIs(401, 403), gives: ({ turnedAway }) => turnedAway ?? 'denied' },
  { when: '409, 422', matches: statusIs(409, 422), gives: ({ turnedAway }) => turnedAway ?? 'conflict' },
  { when: '413', matches: statusIs(413), gives: ({ turnedAway }) => turnedAway ?? 'too-large' },
  { when: '400, 404, 405', matches: statusIs(400, 404, 405), gives: ({ turnedAway }) => turnedAway ?? 'invalid' },
  {
    // Whatever a handler throws, in servers that tell it as 500. When to come back is told by balancers too.
    when: 'other 5xx that names a limit in prose',
    matches: (seen) => hundredIs(5)(seen) && !isNamed(seen) && namesLimit(seen.message),
    gives: () => 'refused',
    inferred: true,
  },
  {
    when: 'other 5xx',
    matches: hundredIs(5),
    gives: ({ turnedAway, named }) => turnedAway ?? (named === 'timeout' ? named : 'server-error'),
  },
  { when: 'another 4xx that names its code', matches: (seen) => !!seen.named && hundredIs(4)(seen), gives: byName },
  { when: '3xx', matches: hundredIs(3), gives: () => 'server-error' },
  {
    // 202 it must be, but clients take any 2xx, since they look at no body.
    when: 'an accepted notification',
    matches: (seen) =>
      seen.role === 'handshake' && seen.tool.startsWith('notifications/') && hundredIs(2)(seen) && seen.evidence.rpcCode === undefined,
    gives: () => 'served',
  },
  {
    // Somebody else's answer: whatever it holds, this call was not served.
    when: "200, answered with another call's id",
    matches: ({ call, evidence: { status, rpcId } }) => status === 200 && rpcId !== undefined && rpcId !== null && rpcId !== call,
    gives: () => 'server-error',
  },
  {
    // As a server ends its streams when it is told to stop (`transport.close()` of the TypeScript SDK): nobody knows what became of it.
    when: '200, an event stream that ended without an answer',
    matches: ({ evidence }) => isCutStream(evidence),
    gives: () => 'lost',
  },
  {
    when: '200 that does not parse',
    matches: ({ evidence }) => evidence.status === 200 && evidence.parsed === false,
    gives: () => 'server-error',
  },
  { when: '200, a tool error that names its code', matches: (seen) => isToolError(seen) && isNamed(seen), gives: byName },
  { when: '200, a JSON-RPC error that names its code', matches: (seen) => isRpcError(seen) && isNamed(seen), gives: byName },
  {
    when: '200, an error that tells in prose what is away, and when to come back',
    matches: (seen) => isError(seen) && tellsBroken(seen.message, bodyWaitMs(seen.evidence) !== undefined),
    gives: () => 'dependency',
    inferred: true,
  },
  {
    when: '200, an error that tells a wait',
    matches: (seen) => isError(seen) && bodyWaitMs(seen.evidence) !== undefined,
    gives: () => 'refused',
  },
  {
    when: '200, an error that tells a limit in prose',
    matches: (seen) => isError(seen) && tellsLimit(seen.message),
    gives: () => 'refused',
    inferred: true,
  },
  {
    when: '200, an error that tells bad arguments in prose',
    matches: (seen) => isToolError(seen) && INVALID_PROSE.test(seen.message),
    gives: () => 'invalid',
    inferred: true,
  },
  { when: '200, an error that names a code for anything at all', matches: (seen) => isError(seen) && !!seen.named, gives: byName },
  {
    // A limit hidden in a result that says it is fine (Meraki's server); never where the role's own rules hold.
    when: '200, a result that is nothing but a limit told in prose',
    matches: (seen) => isResult(seen) && hidesLimit(seen),
    gives: () => 'refused',
    inferred: true,
  },
  { when: '200, a result', matches: isResult, gives: () => 'served' },
  { when: 'anything else', matches: () => true, gives: () => 'unclassified' },
]

export function classify(question: Question): Classified {
  const { errors, evidence } = question
  const codes = codesOf(evidence)
  const named = classNamed(codes, errors)
  const seen: Seen = {
    ...question,
    write: question.role === 'write' || question.role === 'money',
    message: evidence.message ?? '',
    vaguely: named !== undefined && isNamedVaguely(codes, errors),
    ...(named && { named }),
    ...(named && TURNED_AWAY.has(named) && { turnedAway: named }),
  }
  const row = table.find((candidate) => candidate.matches(seen))
  if (!row) throw new Error('the outcome table has lost its last row')
  const is = row.gives(seen)
  const budget = is === 'refused' ? budgetOf(evidence) : undefined
  return {
    outcome: row.outcome ?? outcomeOf(is, seen, row.inferred),
    class: is,
    ...(budget !== undefined && { budget }),
    by: row.inferred ? 'inferred' : 'direct',
  }
}

/**
 * What servers (Node's of its own accord) write on a connection that they close since no whole request has come (RFC 9110 §15.5.9). When
 * a client has opened the connection ahead and uses it just then, that becomes the answer of a call that nobody has read.
 */
function closedUnread({ evidence: { status, sizeBytes, retryAfter, instance } }: Seen): boolean {
  return status === 408 && sizeBytes === 0 && retryAfter === undefined && instance === undefined
}

/** Where a role has no rules of its own, a sentence about a limit meets the default ones: then it must begin with that, and be all. */
function hidesLimit({ evidence: { correct, sizeBytes = 0 }, proves, message }: Seen): boolean {
  if (correct !== true) return sizeBytes < 2_000 && tellsLimit(message)
  return proves === false && sizeBytes < 600 && tellsMet(message)
}

/** `isError: false` is only ever written of a result that could be read. */
function isResult({ evidence }: Seen): boolean {
  return evidence.status === 200 && evidence.isError === false
}

function byName({ named }: Seen): CallClass {
  return named ?? 'unclassified'
}

/** What a class says about whether it happened. */
function outcomeOf(is: CallClass, { write, evidence }: Seen, inferred = false): Outcome {
  if (is === 'served') return 'ok'
  if (is === 'lost' || is === 'unclassified') return 'info'
  // A 503 without a code may be a gateway's, whose connection was lost after the server had the call (Envoy says so).
  const unsure = is === 'timeout' || is === 'server-error' || is === 'unexplained' || (is === 'dependency' && inferred)
  if (!unsure) return 'fail'
  const toldUnsure = codesOf(evidence).some((code) => code === 'OUTCOME_UNKNOWN' || code === '40902')
  return write || toldUnsure ? 'info' : 'fail'
}

const TURNED_AWAY: ReadonlySet<CallClass> = new Set<CallClass>(['refused', 'shed', 'draining', 'dependency', 'queue'])
