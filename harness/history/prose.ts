// What servers say in words where they should have given a code.

/** A limit in the words of people; not a column called rate_limit, and not a list that is cut after so many rows. */
export const THROTTLE_PROSE = new RegExp(
  [
    String.raw`\brate[ -]?limit(s|ed|ing)?\b`,
    String.raw`\brate_limit(ed|_exceeded|_reached)\b`,
    'too many (requests|calls|concurrent)',
    String.raw`(?<!\b(row|page|result|size|depth|item)s? )limit (was |is |has been )?reached`,
    '(quota|(request|usage|call)s? limit) (was |is |has been )?exceeded',
    'throttl(ed|ing)',
    'calling too fast|slow down',
    String.raw`(try again|retry)[ -](in|after):? \d+`,
    String.raw`please wait \d+`,
    String.raw`\bHTTP(/\d\.\d)? 429\b`,
  ].join('|'),
  'i',
)

/** Bad arguments, likewise. */
export const INVALID_PROSE = /^(MCP error -32602|input validation error|invalid (arguments?|params?|parameters?|input))/i
