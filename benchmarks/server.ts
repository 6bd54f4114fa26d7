// What the hardening costs. Both servers run on the same core (taskset), the load on the other; rounds take turns, so that what else
// the machine does hits all alike, and ratios are of one round, their median told with its spread. CPU per call is the steadier
// figure where others use the machine. Run: node benchmarks/server.ts [rounds] [calls for the memory] [calls a round]
// With CPU_PROF=folder each server leaves a profile there (node --cpu-prof).
import { spawn } from 'node:child_process'
import os from 'node:os'
import { Redis } from 'ioredis'
import { startPostgres } from '../harness/environment/postgres.ts'
import { startRedis } from '../harness/environment/redis.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import { ensureRedis } from '../setup.mjs'
import { AT_ONCE, caller, figures, many, type Round, round, startServer } from './server/side.ts'
import { stopSignal, unlessStopped } from './stoppable.ts'

const ROUNDS = Number(process.argv[2] ?? 9)
const MEMORY_CALLS = Number(process.argv[3] ?? 200_000)
const ROUND_CALLS = Number(process.argv[4] ?? 5_000)

const signal = stopSignal()
await using keeper = await ScratchKeeper.open()
await using postgres = await startPostgres({ keeper, signal })
await using redis = await startRedis({ keeper, signal, program: await ensureRedis({ signal }) })
const pinned = os.availableParallelism() > 1 ? ['taskset', '-c', '0'] : []
if (pinned.length > 0) spawn('taskset', ['-cp', '1', String(process.pid)], { stdio: 'ignore' })

const AGENTS = [
  { agent: 'fast', keyId: 'fast', secret: 'secret-of-the-fast-one', tenant: 't0', scopes: ['mcp:tools:read'] },
  { agent: 'spent', keyId: 'spent', secret: 'secret-of-the-spent-one', tenant: 't0', scopes: ['mcp:tools:read'] },
]
const HIGH = {
  AGENT_RATE_PER_MINUTE: '1000000',
  AGENT_BURST: '100000',
  AGENT_RATE_PER_HOUR: '100000000',
  AGENT_RATE_PER_DAY: '1000000000',
  AGENT_CONCURRENCY: '1000',
}
const env = {
  ...HIGH,
  TENANT_RATE_PER_MINUTE: '1000000',
  TENANT_BURST: '100000',
  DATABASE_URL: `postgres://app@${postgres.address}/postgres`,
  DATABASE_ADMIN_URL: `postgres://postgres@${postgres.address}/postgres`,
  REDIS_URL: `redis://${redis.address}`,
  SEED_AGENTS: JSON.stringify(AGENTS),
}

const bare = await startServer('bare', {}, pinned, signal)
const hardened = await startServer('hardened', env, pinned, signal)
const plain = await startServer('plain-refusal', {}, pinned, signal)
const strict = await startServer('hardened', { ...env, INSTANCE: 'strict', AGENT_RATE_PER_MINUTE: '1', AGENT_BURST: '1' }, pinned, signal)

const desk = { path: '/v1/mcp', token: 'mcp_fast_secret-of-the-fast-one' }
const echo = caller(bare, { path: '/', tool: 'echo', expected: 200 })
const still = caller(hardened, { ...desk, tool: 'list_tables_still', expected: 200 })
const real = caller(hardened, { ...desk, tool: 'list_tables', expected: 200 })
const refused = caller(strict, { ...desk, tool: 'list_tables_still', token: 'mcp_spent_secret-of-the-spent-one', expected: 429 })
const least = caller(plain, { path: '/', tool: 'echo', expected: 429 })

await unlessStopped(async () => {
  await refused.one()
  await turns()
  await roundTrips()
  await alone()
  await memory()
}, signal)
for (const { child } of [bare, hardened, strict, plain]) child.disconnect()

async function turns(): Promise<void> {
  const sides = { bare: echo, hardened: still, refused, 'plain refusal': least, 'with Postgres': real }
  for (const side of Object.values(sides)) await round(side, 2 * ROUND_CALLS)
  const rounds: Record<keyof typeof sides, Round>[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const each = {} as Record<keyof typeof sides, Round>
    for (const [name, side] of Object.entries(sides)) each[name as keyof typeof sides] = await round(side, ROUND_CALLS)
    rounds.push(each)
  }
  console.log(
    `${ROUNDS} rounds of ${ROUND_CALLS} calls each, ${AT_ONCE} connections, Node ${process.versions.node}, ${os.cpus()[0]?.model}`,
  )
  console.log('\n| | calls a second | CPU a call, ms | other answers |\n| --- | --- | --- | --- |')
  for (const name of Object.keys(sides) as (keyof typeof sides)[]) {
    const of = rounds.map((each) => each[name])
    console.log(
      `| ${name} | ${spread(
        of.map((one) => one.perSecond),
        0,
      )} | ${spread(
        of.map((one) => one.cpuMs),
        3,
      )} | ${of.reduce((sum, one) => sum + one.unexpected, 0)} |`,
    )
  }
  const ratio = (a: keyof typeof sides, b: keyof typeof sides, what: 'perSecond' | 'cpuMs') =>
    spread(
      rounds.map((each) => each[a][what] / each[b][what]),
      2,
    )
  console.log('\n| ratio of one round | median (least to most) | wanted |\n| --- | --- | --- |')
  console.log(`| hardened ÷ bare, calls a second | ${ratio('hardened', 'bare', 'perSecond')} | ≥ 0.75 |`)
  console.log(`| bare ÷ hardened, CPU a call | ${ratio('bare', 'hardened', 'cpuMs')} | ≥ 0.75 |`)
  console.log(`| refused ÷ ok, CPU a call | ${ratio('refused', 'hardened', 'cpuMs')} | ≤ 0.25 |`)
  console.log(`| refused ÷ plain refusal, CPU a call | ${ratio('refused', 'plain refusal', 'cpuMs')} | |`)
  console.log(`| plain refusal ÷ ok, CPU a call | ${ratio('plain refusal', 'hardened', 'cpuMs')} | |`)
  console.log(`| refused ÷ ok, calls a second | ${ratio('refused', 'hardened', 'perSecond')} | ≥ 4 |`)
}

/** Commands that Redis has carried out for 1,000 admitted calls and 1,000 refused ones. */
async function roundTrips(): Promise<void> {
  const client = new Redis(`redis://${redis.address}`)
  console.log('\n| commands of Redis a call | wanted |\n| --- | --- |')
  for (const [name, side] of Object.entries({ admitted: still, refused })) {
    await client.config('RESETSTAT')
    for (let i = 0; i < 1_000; i++) await side.one()
    const stats = await client.info('commandstats')
    const counts = [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].filter(([, command = '']) =>
      /^(eval|evalsha|zrem|fcall)/.test(command),
    )
    console.log(
      `| ${name}: ${counts.map(([, command, calls]) => `${command} ${Number(calls) / 1_000}`).join(', ')} | admitted: evalsha 1 (zrem gives the lease back, nobody waits for it); refused: none until the wait is over |`,
    )
  }
  client.disconnect()
}

/**
 * One caller, one call after the other, of both servers in turns: what the bare one's tail is, the machine's share, says how far to trust
 * ours. The CPU that a server used for one call has no such share: its tail is the server's own doing, its collections above all.
 */
async function alone(): Promise<void> {
  const sides = { bare: echo, 'with Postgres': real }
  const clocks = {
    time: async () => performance.now(),
    CPU: async ({ server }: typeof echo) => (await figures(server, 'cpu')).cpuMs,
  }
  console.log('\n| one caller | p50, ms | p99, ms | p99 ÷ p50, wanted ≤ 3 |\n| --- | --- | --- | --- |')
  for (const [clock, read] of Object.entries(clocks)) {
    const took: Record<string, number[]> = { bare: [], 'with Postgres': [] }
    for (let i = 0; i < 5_500; i++) {
      for (const [name, side] of Object.entries(sides)) {
        const begunMs = await read(side)
        await side.one()
        const endedMs = await read(side)
        if (i >= 500) took[name]?.push(endedMs - begunMs)
      }
    }
    for (const [name, of] of Object.entries(took)) {
      const [p50, p99] = [quantile(of, 0.5), quantile(of, 0.99)]
      console.log(`| ${name}, ${clock} | ${p50.toFixed(2)} | ${p99.toFixed(2)} | ${(p99 / p50).toFixed(2)} |`)
    }
  }
}

async function memory(): Promise<void> {
  const seen: string[] = []
  const steps = 10
  let first = 0
  let last = 0
  for (let step = 1; step <= steps; step++) {
    await many(still, MEMORY_CALLS / steps)
    const { heapBytes, rssBytes } = await figures(hardened, 'memory')
    if (step === 2) first = heapBytes
    last = heapBytes
    seen.push(`${(heapBytes / 1e6).toFixed(1)} (${Math.round(rssBytes / 1e6)})`)
  }
  console.log(`\nheap after a collection (and RSS), MB, every ${MEMORY_CALLS / steps} calls: ${seen.join(' · ')}`)
  console.log(`last ÷ second: ×${(last / first).toFixed(2)} (wanted: flat)`)
}

function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
}

function spread(values: number[], digits: number): string {
  const show = (value: number) => value.toFixed(digits)
  return `${show(quantile(values, 0.5))} (${show(Math.min(...values))} to ${show(Math.max(...values))})`
}
