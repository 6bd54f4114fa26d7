// The other transaction of a deadlock, again and again: takes the second table, waits until a writer wants it, then wants the first.
import { setTimeout as pause } from 'node:timers/promises'
import type { Environment } from '../environment/service.ts'
import { PostgresSession } from './postgres-session.ts'

const POLL_MS = 20
/** A round in which nobody comes: the table is let go for the pause. */
const WAIT_MS = 500

const WAITED_FOR = `select 1 from pg_locks where relation = to_regclass($1) and not granted and mode = 'RowExclusiveLock' limit 1`

export class Crossing {
  readonly #postgres: NonNullable<Environment['postgres']>
  readonly #first: string
  readonly #second: string
  readonly #pauseMs: number
  readonly #over = new AbortController()
  #rounds: Promise<void> | undefined

  constructor(postgres: NonNullable<Environment['postgres']>, first: string, second: string, pauseMs: number) {
    this.#postgres = postgres
    this.#first = first
    this.#second = second
    this.#pauseMs = pauseMs
  }

  async begin(): Promise<void> {
    const session = await PostgresSession.open(this.#postgres.address, { signal: this.#over.signal })
    await session.ask("set deadlock_timeout = '1h'; set lock_timeout = '5s'")
    this.#rounds = this.#go(session)
  }

  async end(): Promise<void> {
    this.#over.abort()
    await this.#rounds
  }

  async #go(session: PostgresSession): Promise<void> {
    const { signal } = this.#over
    while (!signal.aborted) {
      await this.#round(session).catch(() => {})
      if (session.ended !== undefined) break
      await session.ask('rollback').catch(() => {})
      await pause(this.#pauseMs, undefined, { signal }).catch(() => {})
    }
    await session[Symbol.asyncDispose]()
  }

  async #round(session: PostgresSession): Promise<void> {
    await session.ask(`begin; lock table ${this.#second} in share mode`)
    const untilMs = performance.now() + WAIT_MS
    while (performance.now() < untilMs) {
      if ((await this.#postgres.query(WAITED_FOR, [this.#second])).length > 0) {
        await session.ask(`lock table ${this.#first} in share mode`)
        return
      }
      await pause(POLL_MS, undefined, { signal: this.#over.signal })
    }
  }
}
