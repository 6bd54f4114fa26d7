// What servers say in words where they should have given a code.

/** A limit in the words of people; not a column called rate_limit, and not a list that is cut after so many rows. */
const LIMIT = [
  String.raw`\brate[ -]?limit(s|ed|ing)?\b`,
  String.raw`\brate_limit(ed|_exceeded|_reached)\b`,
  'too many (requests|calls|concurrent)',
  String.raw`(?<!\b(row|page|result|size|depth|item)s? )limit (was |is |has been )?reached`,
  '(quota|(request|usage|call)s? limit) (was |is |has been )?exceeded',
  'throttl(ed|ing)',
  'calling too fast|slow down',
  // Of libraries: resilience4j, .NET, Go's x/time/rate.
  String.raw`\b(ratelimiter|bulkhead) '[^']*' .{0,12}does not permit|rejected by the rate limiter|\brate: Wait\(`,
  String.raw`\bHTTP(/\d\.\d)? 429\b`,
]

/** When to come back, with a number. */
const WAIT = [String.raw`(try again|retry)[ -](in|after):? \d+`, String.raw`please wait \d+`]

/** Something behind the server that is away: an open breaker, a database. */
const BROKEN = [
  String.raw`\bcircuit([ -]?breaker)?\b|\bbreaker\b`,
  String.raw`\b(database|postgres(ql)?|mysql|redis|cache|upstream|downstream|backend|dependency|provider)\b` +
    String.raw`.{0,40}\b(unavailable|unreachable|not (available|reachable)|down|timed out|lost|refused)\b`,
]

const LIMIT_PROSE = anyOf(LIMIT)
const WAIT_PROSE = anyOf(WAIT)
const BROKEN_PROSE = anyOf(BROKEN)

/** A limit has been met, told as such from the first word on: a text about limits tells none. */
const MET_PROSE = new RegExp(
  [
    String.raw`^\W*((error|failed|sorry|warning)\W+)?`,
    '((the|your|you|are|being|api|daily|hourly|monthly|request|rate|usage|call|global|server|tool) ){0,5}',
    String.raw`(limit (was |is |has been )?(exceeded|reached|hit)\b|rate[ _-]?limited\b|rate_limit_exceeded|throttled`,
    '|too many (requests|calls|concurrent)|quota (was |is |has been )?exceeded)',
    String.raw`|^\W*you('ve| have) (hit|exceeded|reached) (the|your|our) .{0,20}limit`,
  ].join(''),
  'i',
)

/** A limit by name. */
export function namesLimit(text: string): boolean {
  return LIMIT_PROSE.test(text)
}

/** A limit, or nothing but when to come back. */
export function tellsLimit(text: string): boolean {
  return namesLimit(text) || (WAIT_PROSE.test(text) && !BROKEN_PROSE.test(text))
}

/**
 * When to come back to something behind the server that is away: no limit.
 * @param told when to come back stands elsewhere
 */
export function tellsBroken(text: string, told: boolean): boolean {
  return BROKEN_PROSE.test(text) && (told || WAIT_PROSE.test(text)) && !namesLimit(text)
}

export function tellsMet(text: string): boolean {
  return MET_PROSE.test(text)
}

/** Bad arguments, by whatever looks at them before the tool does: the SDKs of TypeScript, Python (pydantic) and Go, JSON Schema, serde. */
export const INVALID_PROSE = anyOf([
  '^(MCP error -32602|input validation error|invalid (arguments?|params?|parameters?|input))',
  String.raw`^(error executing tool \S+: )?\d+ validation errors? for |^validating "arguments"`,
  String.raw`\bis a required property\b|^failed to deserialize parameters`,
])

function anyOf(patterns: readonly string[]): RegExp {
  return new RegExp(patterns.join('|'), 'i')
}
