// What has been revoked, known to every instance within a second of its commit, whoever wrote it: a tool on another instance, an
// operator in psql. Each instance asks Postgres every EVERY_MS for what is new, on the connections of administration. Chosen over
// messages (NOTIFY, Redis): a message that is lost while reconnecting would leave a stolen key good, so asking would be needed too.
// While Postgres is away nothing is asked, since nothing can be revoked there either; then all of the gap is asked for.
// Bounded: 50,000 ids, the oldest give way.
// Does not model: a provider's own revocation list; a revocation that is taken back counts at an instance's next start.
import type { Row, Statement } from './session.ts'
import { sql } from './sql.ts'

export interface Revocations {
  has(id: string): boolean
  /** Asks from now on, until it is closed. */
  start(): void
  close(): void
}

export interface RevocationsOptions {
  query: (statement: Statement, withinMs: number) => Promise<Row[]>
  /** Is Postgres worth asking? */
  reachable: () => boolean
  clock: () => number
  /** Told of each, and again when it was revoked again. */
  revoked: (id: string) => void
  failed: (error: unknown) => void
}

const SINCE = sql('revoked-since.sql')
const EVERY_MS = 400
const QUERY_MS = 500
/** The first look reaches as far back as any token lives; later ones overlap, since commits become visible out of order. */
const FIRST_S = 86_400
const OVERLAP_S = 30
const IDS_MAX = 50_000

export function createRevocations({ query, reachable, clock, revoked, failed }: RevocationsOptions): Revocations {
  const ids = new Map<string, string>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let knownAtMs: number | undefined
  let failing = false

  const look = async (): Promise<void> => {
    const nowMs = clock()
    const since = knownAtMs === undefined ? FIRST_S : Math.ceil((nowMs - knownAtMs) / 1_000) + OVERLAP_S
    const rows = await query({ text: SINCE, values: [since] }, QUERY_MS)
    knownAtMs = nowMs
    for (const { id, at } of rows.toReversed()) add(String(id), String(at))
  }
  const add = (id: string, at: string): void => {
    if (ids.get(id) === at) return
    ids.set(id, at)
    const oldest = ids.size > IDS_MAX ? ids.keys().next().value : undefined
    if (oldest !== undefined) ids.delete(oldest)
    revoked(id)
  }
  const again = async (): Promise<void> => {
    try {
      if (reachable()) await look()
      failing = false
    } catch (error) {
      if (!failing && !closed) failed(error)
      failing = true
    }
    if (closed) return
    timer = setTimeout(() => void again(), EVERY_MS)
    timer.unref()
  }
  return {
    has: (id) => ids.has(id),
    start: () => void again(),
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}
