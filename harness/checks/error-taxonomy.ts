// A19: an error is one of those the server has published, and tells its caller nothing of the inside. A bare 500, a stack trace, a line of
// SQL or a host name in an answer goes into a model's context, and from there anywhere; and an agent that cannot tell what failed tries it
// again.
//
// A failure that is told as a success is none of those: an answer that breaks its role's rules while what it needs is broken, where none
// did in the steady phase. An agent takes an empty list for the truth.
//
// Looked at: every answer that is no success. Codes are held to `declared.errorCodes` where the target lists them. A 5xx around a fault at
// the server itself (killed, frozen, drained) is left out: whoever stands before it may have said it. A lead that is refused with 404 is a
// session that has gone, which the protocol allows. A 408 with nothing in it, of a call that no log has, crossed it: the server closed a
// connection unread. What the caller has sent itself is nothing of the inside. Not modelled: secrets (nothing-leaks), prose that is wrong,
// leads that may expire.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { notServed } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { needs, overlaps } from '../history/queries.ts'
import { wordsOf } from '../history/words.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

const WITNESSES = 20

const PATH = 'a path of the server'

/** What may follow `from` in SQL: none of the words that follow it in prose, as in "select one from the list". */
const TABLE = String.raw`(?!(?:an?|the|this|that|these|those|your|our|one|any|all|it)\b)[\w"]`
/** What follows a table in no sentence of people. */
const CLAUSE = String.raw`[\w".]*\s*(?:;|\b(?:where\s+[\w".]+\s*(?:[=<>!]|in\s*\(|like\b|is\s+(?:not\s+)?null\b)|(?:order|group)\s+by\b|limit\s+\d|returning\b|join\b))`
const SQL = new RegExp(
  [
    String.raw`\bselect\s+(?:\*|[\w".]*[(".][\w".()*]*|[\w".()*]+(?:\s*,\s*[\w".()*]+)+)\s+from\s+${TABLE}`,
    String.raw`\bselect\s+\w+\s+from\s+${TABLE}${CLAUSE}`,
    String.raw`\binsert\s+into\s+[\w".]+\s*\(`,
    String.raw`\bupdate\s+[\w".]+\s+set\s+[\w"]+\s*=`,
    String.raw`\bdelete\s+from\s+${TABLE}${CLAUSE}`,
  ].join('|'),
  'i',
)
/** In capitals they are no prose, unless the words themselves are what it is about: "DELETE FROM is not allowed". */
const SHOUTED = /\b(?:SELECT\s+\S[^;]*\s|DELETE\s+)FROM\s+(?!(?:is|are|and|or|nor|must|may|clauses?)\b)["\w]/

/** Of Postgres and Redis, and of the libraries that ask them. */
const DATABASE = new RegExp(
  [
    'syntax error at or near|relation "[^"]*" does not exist|duplicate key value violates|violates [a-z-]+ constraint',
    'remaining connection slots|too many clients already|the database system is (?:starting up|shutting down|in recovery mode)',
    '(?:canceling statement|terminating connection) due to|current transaction is aborted',
    'password authentication failed for user|no pg_hba\\.conf entry|QueuePool limit of size|\\b(?:psycopg2?|asyncpg|sqlalchemy)\\.\\w',
    "READONLY You can't write against|LOADING Redis is loading|MISCONF Redis|OOM command not allowed|NOAUTH Authentication|WRONGPASS invalid",
  ].join('|'),
  'i',
)

/** What must not stand in an answer, in words. */
const INSIDE: readonly [string, RegExp][] = [
  [
    'a stack trace',
    // A place in a caller's own file, as in "unknown word at main.tf:3:5", is none: it has neither a path nor brackets.
    /\bat (?:[\w.<>[\] ]+ \(\S*\.\w+|(?:file:\/|node:|\/|\w:\\)\S*):\d+:\d+|\n\s+at \S+:\d+:\d+|Traceback \(most recent call last\)|\bgoroutine \d+ \[|\.java:\d+\)/,
  ],
  ['a line of SQL', SQL],
  ['a line of SQL', SHOUTED],
  ['words of the database', DATABASE],
  [
    'an address',
    /\b(?:\d{1,3}\.){3}\d{1,3}:\d{2,5}\b|\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)\b|could not translate host name|\blookup \S+: no such host|\b(?:postgres|postgresql|redis|mysql|mongodb)(?:\+\w+)?:\/\//,
  ],
  [PATH, /(?:^|[\s"'(])\/(?:home|usr|var|app|srv|opt|root)\/[\w./-]+/],
]

export const errorTaxonomy = check({
  code: 'A19',
  title: 'Errors are the published ones, and tell nothing of the inside',
  why: 'An error goes into the model’s context. What it cannot read it repeats; what it should not see it passes on.',
  remedy: {
    control: 'errors',
    do: 'Map every failure to a code of one published table with a plain sentence; log the rest under the request id, and send none of it.',
    runbook: 'INTERNAL',
  },
  source: 'OWASP API8:2023, "Security Misconfiguration"; seed 1, "Return codes that agents actually understand"',
  sort: 'exact',
  needs: ['responses'],
  limits: {},
  judge(history) {
    const own = faultsOf(history).filter(({ dependency }) => dependency === 'server')
    const errors = notServed(history).filter(
      (call) =>
        call.endedAtMs !== undefined &&
        call.evidence.transport === undefined &&
        !(call.class === 'lost' && call.server === undefined) &&
        !(call.evidence.status >= 500 && own.some((fault) => overlaps(call, { fromMs: fault.fromMs, toMs: fault.overMs }))),
    )
    const masked = maskedIn(history).map((call) => ({ call, flaw: 'a success that is none: it breaks the rules of its role' }))
    const samples = errors.length + masked.length
    if (samples === 0) return notExercised('no call was answered with an error')
    const told = errors.flatMap((call) => {
      const flaw = flawOf(history, call)
      return flaw === undefined ? [] : [{ call, flaw }]
    })
    const flawed = [...told, ...masked]
    const kinds = [...Map.groupBy(flawed, ({ flaw }) => flaw)].sort((a, b) => b[1].length - a[1].length)
    return {
      status: flawed.length > 0 ? 'fail' : 'pass',
      measured: flawed.length,
      limit: 0,
      unit: 'errors outside the table',
      samples,
      says:
        kinds.length > 0
          ? kinds.map(([flaw, calls]) => `${some(calls.length, 'error')} of ${samples}: ${flaw}`).join('; ')
          : `all ${some(errors.length, 'error')} are of the published table`,
      // One of each kind first.
      witnesses: [...new Set(indexes([...kinds.flatMap(([, calls]) => calls.slice(0, 1)), ...flawed].map(({ call }) => call)))].slice(
        0,
        WITNESSES,
      ),
    }
  },
})

function flawOf({ manifest, plan }: History, call: Call): string | undefined {
  const { class: is, evidence } = call
  const { status, data, rpcCode } = evidence
  const text = wordsOf(evidence)
  const inside = insideOf(text) && insideOf(withoutEcho(text, plan, call))
  // What an earlier answer led to is in no plan: the path may be the very one that was asked for.
  const echoed = inside?.[0] === PATH && wasLed(plan, call)
  if (inside && !echoed) return `${inside[0]} in the answer`
  const code = data?.code
  const typed = code !== undefined || (rpcCode !== undefined && rpcCode !== 0)
  const { errorCodes } = manifest.declared
  const listed = Array.isArray(errorCodes)
  if (listed && code !== undefined && !errorCodes.includes(String(code))) return `code ${String(code)}, which is not in the table`
  // A tool that fails in plain words is within MCP, and so is an error of JSON-RPC; only a server that publishes codes owes one of them.
  const inWords = evidence.isError === true && status === 200
  const published = listed ? errorCodes.includes(String(code ?? rpcCode)) : typed || inWords
  if ((is === 'unclassified' || is === 'lost') && !published) return `nobody can tell what it means (HTTP ${status})`
  if (is === 'invalid' && status !== 404 && wasLed(plan, call)) return 'a cursor or path that the server had given is refused'
  if (is === 'unexplained' && !(listed ? published : isOwnCode(code ?? rpcCode))) return 'a 503 without a code'
  if (status >= 500 && !typed) return `a bare ${status}`
  if (is === 'server-error' && !typed && evidence.rpcId !== undefined && evidence.rpcId !== call.call)
    return 'an answer under the id of another call'
  if (is === 'server-error' && !typed) return `an answer that is no JSON-RPC (HTTP ${status})`
  return undefined
}

const CALM_LEAST = 20
/** What none of n answers did, at most 3 in n do, with 95 %. */
const RULE_OF_THREE = 3

/** Served against the rules of their role while what it needs was broken, of roles that kept them in the steady phase. */
function maskedIn(history: History): Call[] {
  const broken = faultsOf(history).filter(({ dependency }) => dependency !== undefined)
  if (broken.length === 0) return []
  const answers = history.calls.filter(({ class: is, evidence }) => is === 'served' && evidence.correct !== undefined)
  return [...Map.groupBy(answers, ({ role }) => role)].flatMap(([role, own]) => {
    const calm = own.filter(({ phase }) => phase === 'steady')
    const isWrong = ({ evidence }: Call) => evidence.correct === false
    if (calm.length < CALM_LEAST || calm.some(isWrong)) return []
    const faults = broken.filter(({ dependency = '' }) => needs(history, role, dependency))
    const then = own.filter((call) => faults.some(({ fromMs, overMs }) => overlaps(call, { fromMs, toMs: overMs })))
    const wrong = then.filter(isWrong)
    return wrong.length > (RULE_OF_THREE / calm.length) * then.length ? wrong : []
  })
}

/** Numbers from −32768 to −32000 are JSON-RPC's: they say that something went wrong, not what. */
function isOwnCode(code: unknown): boolean {
  return code !== undefined && !(typeof code === 'number' && code >= -32_768 && code <= -32_000)
}

function insideOf(text: string): (typeof INSIDE)[number] | undefined {
  return INSIDE.find(([, pattern]) => pattern.test(text))
}

const ECHO_LEAST = 4

/** Words of the call's own arguments are taken out, as they are and as they stand in JSON: an error may well quote what it is about. */
function withoutEcho(text: string, { agents }: History['plan'], { agent, task, turn }: Call): string {
  const calls = agents.find((one) => one.agent === agent)?.tasks.find((one) => one.task === task)?.calls ?? []
  const words = calls.filter((one) => one.turn === turn).flatMap((one) => wordsIn(one.arguments))
  return words.reduce((left, word) => left.replaceAll(word, '…').replaceAll(JSON.stringify(word).slice(1, -1), '…'), text)
}

function wordsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= ECHO_LEAST ? [value] : []
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsIn) : []
}

/** Its arguments came out of an earlier answer: it lies beyond the turns that were planned. */
function wasLed({ agents }: History['plan'], { agent, task, turn }: Call): boolean {
  const planned = agents.find((one) => one.agent === agent)?.tasks.find((one) => one.task === task)
  return planned !== undefined && planned.calls.length > 0 && planned.calls.every((one) => one.turn < turn)
}
