// Where a list was cut, kept in Redis, so that page 2 works on any instance. The caller gets a random word; what it stands for
// stays here, under its owner's name: another tenant's or agent's word finds nothing, and nothing in it can be forged.
// It holds the question and a position, not rows: Redis stays small, and a page is as fresh as its reading. Lists whose order
// is not fixed may shift between pages.
// Lives 5 minutes (CURSOR_LIFE_S); each page has its own and stays readable, so a page can be asked for again.
// Redis away: the page is cut without a cursor, and says so (`truncated`).
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Identity } from '../call.ts'
import { CallError } from '../errors.ts'
import { answerWithin, isAway } from './redis.ts'

const CURSOR_LIFE_S = 300
const WORD_BYTES = 18

export interface Cursors {
  /** The word for it; undefined when it cannot be kept. */
  keep(owner: Identity, tool: string, position: Record<string, unknown>): Promise<string | undefined>
  /** @throws CallError INVALID_ARGUMENTS when it is nobody's, another's or too old; DEPENDENCY_UNAVAILABLE */
  find(owner: Identity, tool: string, cursor: string): Promise<Record<string, unknown>>
}

export function createCursors(redis: Redis, withinMs: number): Cursors {
  const keyOf = ({ tenant, agent }: Identity, tool: string, word: string): string => `desk:{${tenant}:${agent}}:cursor:${tool}:${word}`
  return {
    async keep(owner, tool, position) {
      const word = randomBytes(WORD_BYTES).toString('base64url')
      const kept = redis.set(keyOf(owner, tool, word), JSON.stringify(position), 'EX', CURSOR_LIFE_S)
      return await answerWithin(withinMs, kept).then(
        () => word,
        () => undefined,
      )
    },
    async find(owner, tool, word) {
      const text = await answerWithin(withinMs, redis.get(keyOf(owner, tool, word))).catch((cause: unknown) => {
        if (!isAway(cause)) throw cause
        throw new CallError('DEPENDENCY_UNAVAILABLE', 'The cursor cannot be looked up now; ask again in 1 s.', {
          scope: 'redis',
          retryAfterMs: 1_000,
          cause,
        })
      })
      if (text === null) throw new CallError('INVALID_ARGUMENTS', 'This cursor is unknown or too old; begin again without one.')
      return JSON.parse(text) as Record<string, unknown>
    },
  }
}
