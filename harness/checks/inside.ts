// What must not stand in an answer, by its words: what only the inside of a server says of itself, as databases, their clients and the runtimes
// of Node, Python, Go, Java, .NET and Rust write it. Pure. Not modelled: prose about the inside; words of databases that are not named here;
// a host's name without a port that nothing else gives away.

/** What the paths of a server are told as: a caller may have sent them. */
export const PATH = 'a path of the server'

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

/** Of databases, and of the libraries that ask them. */
const DATABASE = new RegExp(
  [
    'syntax error at or near|relation "[^"]*" does not exist|duplicate key value violates|violates [a-z-]+ constraint',
    'remaining connection slots|too many clients already|the database system is (?:starting up|shutting down|in recovery mode)',
    '(?:canceling statement|terminating connection) due to|current transaction is aborted',
    'password authentication failed for user|no pg_hba\\.conf entry|QueuePool limit of size|\\b(?:psycopg2?|asyncpg|sqlalchemy)\\.\\w',
    'org\\.postgresql\\.|\\bPSQLException\\b|\\bNpgsql\\w*Exception\\b|\\bHikariPool\\b|\\bERROR: .{1,200}\\(SQLSTATE|\\bsqlalche\\.me/',
    'timeout exceeded when trying to connect|pool timed out while waiting for an open connection',
    "READONLY You can't write against|LOADING Redis is loading|MISCONF Redis|OOM command not allowed|NOAUTH Authentication|WRONGPASS invalid",
    'server closed the connection unexpectedly|connection was closed in the middle of operation',
    'Connection terminated (?:unexpectedly|due to connection timeout)|\\bmaxRetriesPerRequest\\b',
    "Invalid `prisma\\.|Can't reach database server at|Timed out fetching a new connection from the connection pool|Knex: Timeout acquiring",
    'driver: bad connection|sql: (?:database is closed|no rows in result set)|\\bpq: ',
    '\\bSQLITE_[A-Z]+|(?:UNIQUE|NOT NULL|FOREIGN KEY|CHECK) constraint failed|error in your SQL syntax|E11000 duplicate key',
  ].join('|'),
  'i',
)

/** A place in a caller's own file, as in "unknown word at main.tf:3:5", is none: it has neither a path nor brackets. */
const STACK = new RegExp(
  [
    String.raw`\bat (?:[\w.<>[\] ]+ \(\S*\.\w+|(?:file:\/|node:|\/|\w:\\)\S*):\d+:\d+|\n\s+at \S+:\d+:\d+`,
    String.raw`Traceback \(most recent call last\)|\bgoroutine \d+ \[|\bpanicked at \S+:\d+:\d+`,
    String.raw`\.(?:java|kt|scala):\d+\)|\.cs:line \d+|(?:\n\s+at [\w.<>${'`'}[\]]+\([^)\n]*\)[ \r]*){2}`,
  ].join('|'),
)

/** What languages' own runtimes say of a mistake in the program. */
const PROGRAM = new RegExp(
  [
    String.raw`Cannot (?:read|set) propert(?:y|ies) (?:\S+ )?of (?:undefined|null)|\b\w+\.[\w.]+ is not a function\b`,
    String.raw`'NoneType' object|object has no attribute '|\b(?:TypeError|ReferenceError|KeyError|AttributeError|NullPointerException): `,
    String.raw`runtime error: |nil pointer dereference|\bjava\.lang\.\w`,
  ].join('|'),
)

const ADDRESS = new RegExp(
  [
    String.raw`\b(?:(?:\d{1,3}\.){3}\d{1,3}|localhost):\d{2,5}\b|\.(?:svc\.cluster\.local|internal|(?:rds|cache)\.amazonaws\.com)\b`,
    String.raw`\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT)\b|could not translate host name|connection to server at "|\blookup \S+: no such host`,
    String.raw`\bdial tcp\b|\bConnection to \S+:\d+ refused|\bconnecting to \S+:\d+\.|\[Errno -?\d+\]|\(os error \d+\)`,
    String.raw`\bHTTPS?ConnectionPool\(|\b(?:Get|Post|Put) "https?:\/\/|Cannot connect to host \S+`,
    String.raw`\b(?:postgres|postgresql|redis|mysql|mongodb)(?:\+\w+)?:\/\/`,
  ].join('|'),
)

/** In words. */
const INSIDE: readonly [string, RegExp][] = [
  ['a stack trace', STACK],
  ['a line of SQL', SQL],
  ['a line of SQL', SHOUTED],
  ['words of the database', DATABASE],
  ['words of the program', PROGRAM],
  ['an address', ADDRESS],
  [PATH, /(?:^|[\s"'(])\/(?:home|usr|var|app|srv|opt|root|etc|tmp|Users)\/[\w./-]+/],
]

/** What of the inside stands there first; undefined: nothing. */
export function insideOf(text: string): string | undefined {
  return INSIDE.find(([, pattern]) => pattern.test(text))?.[0]
}
