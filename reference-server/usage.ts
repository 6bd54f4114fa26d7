// What calls cost, by tenant, agent and tool: counted here, written to Postgres every USAGE_FLUSH_MS (5 s) in one statement. A row
// a call would put a write behind each cheap read, and make Postgres' outage every reader's.
// Written over the administration's connections. While Postgres is away the counts are kept and grow no larger than the number
// of agents × tools that called, at most ENTRIES_MAX; what a killed process had not written is lost: this is cost, not audit.
import type { Call } from './call.ts'
import type { Row, Statement } from './store/session.ts'
import { sql } from './store/sql.ts'

export interface Usage {
  add(call: Call, failed: boolean): void
  /** Writes what is counted, now. Never rejects. */
  flush(): Promise<void>
  /** Writes the last counts and stops. */
  close(): Promise<void>
}

interface Entry {
  tenant: string
  agent: string
  tool: string
  calls: number
  errors: number
  postgres_ms: number
  upstream_ms: number
  tokens_in: number
}

const SQL = sql('usage-add.sql')
const ENTRIES_MAX = 10_000
const WRITE_MS = 1_000
/** Of the arguments' JSON, as the log estimates them. */
const CHARACTERS_A_TOKEN = 4

export function createUsage(query: (statement: Statement, withinMs: number) => Promise<Row[]>, everyMs: number): Usage {
  let entries = new Map<string, Entry>()
  let writing: Promise<void> | undefined
  const write = async (): Promise<void> => {
    const taken = entries
    if (taken.size === 0) return
    entries = new Map()
    try {
      await query({ text: SQL, values: [JSON.stringify([...taken.values()])] }, WRITE_MS)
    } catch {
      for (const entry of taken.values()) count(entries, entry)
    }
  }
  const flush = (): Promise<void> => {
    writing ??= write().finally(() => (writing = undefined))
    return writing
  }
  const timer = setInterval(() => void flush(), everyMs)
  timer.unref()
  return {
    add({ identity, tool, facts, arguments: given }, failed) {
      if (!identity || !tool) return
      const tokens = Math.ceil(JSON.stringify(given ?? {}).length / CHARACTERS_A_TOKEN)
      const { tenant, agent } = identity
      const cost = { postgres_ms: facts.dbMs, upstream_ms: facts.upstreamMs ?? 0, tokens_in: tokens }
      count(entries, { tenant, agent, tool: tool.name, calls: 1, errors: failed ? 1 : 0, ...cost })
    },
    flush,
    async close() {
      clearInterval(timer)
      // The first may be one that had begun before the last calls were counted.
      await flush()
      await flush()
    },
  }
}

function count(entries: Map<string, Entry>, more: Entry): void {
  const key = `${more.tenant} ${more.agent} ${more.tool}`
  const entry = entries.get(key)
  if (!entry) {
    if (entries.size < ENTRIES_MAX) entries.set(key, { ...more })
    return
  }
  entry.calls += more.calls
  entry.errors += more.errors
  entry.postgres_ms += more.postgres_ms
  entry.upstream_ms += more.upstream_ms
  entry.tokens_in += more.tokens_in
}
