// Errors of the world, and what they say: a bad option, no k6, a port taken. Our own bugs are plain Errors (exit 255); what the server
// under test did is data in the history and never an exception.

/** An error that the person at the keyboard can act on. `hint` says what to type; `code` is stable and greppable. */
export class HarnessError extends Error {
  readonly code: string
  readonly hint: string

  /**
   * @param code upper-case words, such as `K6_NOT_FOUND`
   * @param message one sentence: what is wrong, with the offending value quoted
   * @param hint what to type or change
   * @param cause the error underneath, when there is one
   */
  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'HarnessError'
    this.code = code
    this.hint = hint
  }
}

/**
 * What a function of the target gave. What it throws is the target's to mend, and no bug of ours.
 * @param what where it stands: `agents.headers`
 * @throws HarnessError `TARGET_THREW`
 */
export function asked<T>(what: string, give: () => T): T {
  const blame = (error: unknown): never => {
    // It says itself what to mend.
    if (error instanceof HarnessError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw new HarnessError('TARGET_THREW', `${what} of the target threw: ${message}`, `mend ${what} in the target`, error)
  }
  try {
    const given = give()
    return given instanceof Promise ? (given.catch(blame) as T) : given
  } catch (error) {
    return blame(error)
  }
}

/**
 * An address as a message may show it and a command line repeat it. In one of the web a name is as
 * secret as its password: tokens are sent as either.
 */
export function withoutPassword(address: string): string {
  const url = new URL(address)
  url.password = ''
  if (/^https?:/.test(url.protocol)) url.username = ''
  for (const name of [...url.searchParams.keys()]) if (/pass|secret|token|key/i.test(name)) url.searchParams.delete(name)
  return url.href
}

/** The known names nearest to a misspelt one, best first, at most three: for "did you mean …". */
export function nearest(wrong: string, known: readonly string[]): string[] {
  const worthSaying = Math.max(2, Math.ceil(wrong.length / 3))
  return known
    .map((name) => ({ name, distance: name.startsWith(wrong) ? 0 : editDistance(wrong.toLowerCase(), name) }))
    .filter(({ distance }) => distance <= worthSaying)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name)
}

/** For a hint: what was probably meant, else all that there is. */
export function meant(wrong: string, known: readonly string[]): string {
  const near = nearest(wrong, known)
  return near.length > 0 ? `did you mean ${near.join(', ')}?` : `there are: ${known.join(', ')}`
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next[j] = Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1)
    }
    row = next
  }
  return row[b.length] ?? 0
}
