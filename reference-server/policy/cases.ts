// `npm run policy:cases`: what people have decided, written down as test cases of the policy (policy/cases.json), each with its
// reason. From then on a change of the policy that would let a rejected call run unasked fails a test (policy/policy.test.ts).
// Reads DATABASE_ADMIN_URL, since the decisions of all tenants are one policy's. Kept are only the facts that the policy
// reads and the reason: no order, no customer, no agent. Cases that are there stay; the same one is written once.
import { readFileSync, writeFileSync } from 'node:fs'
import pg from 'pg'
import type { Tier } from '../tiers.ts'
import type { Facts } from './policy.ts'

export interface PolicyCase {
  tool: string
  tier: Tier
  facts: Facts
  decision: 'approved' | 'rejected'
  reason: string
}

const FILE = new URL('./cases.json', import.meta.url)
const SQL = readFileSync(new URL('./decided.sql', import.meta.url), 'utf8')
const WITHIN_MS = 10_000

export function keptCases(): PolicyCase[] {
  return JSON.parse(readFileSync(FILE, 'utf8')) as PolicyCase[]
}

/** The decisions that this database holds, oldest first; at most 10,000. */
export async function decidedCases(databaseUrl: string): Promise<PolicyCase[]> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: WITHIN_MS, statement_timeout: WITHIN_MS })
  await client.connect()
  try {
    return (await client.query<PolicyCase>(SQL)).rows
  } finally {
    await client.end()
  }
}

/** Both, each case once. */
export function joined(kept: PolicyCase[], decided: PolicyCase[]): PolicyCase[] {
  const cases = new Map(
    [...kept, ...decided].map((each) => [JSON.stringify([each.tool, each.tier, each.facts, each.decision, each.reason]), each]),
  )
  return [...cases.values()]
}

async function main(): Promise<void> {
  const url = process.env.DATABASE_ADMIN_URL
  if (!url) {
    process.stderr.write('DATABASE_ADMIN_URL is missing: set it to the database whose reviews are to become cases\n')
    process.exit(1)
  }
  const kept = keptCases()
  const cases = joined(kept, await decidedCases(url))
  writeFileSync(FILE, `${JSON.stringify(cases, null, 2)}\n`)
  process.stdout.write(`${cases.length - kept.length} new, ${cases.length} in all: reference-server/policy/cases.json\n`)
}

if (import.meta.main) await main()
