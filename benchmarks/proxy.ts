// What the proxy costs while nothing is in force: the time that it adds to one small round trip, its processor time for that,
// and the throughput that is left under pgbench, redis-benchmark and wrk, against no proxy and against toxiproxy 2.12.
// The ways take turns, so that what else the machine does hits all alike; ratios are of one round, their median is told.
// Run: node benchmarks/proxy.ts [rounds] [seconds of each load]
import { once } from 'node:events'
import { connect } from 'node:net'
import path from 'node:path'
import { hostAndPort } from '../harness/environment/canary.ts'
import { startChild } from '../harness/environment/child.ts'
import { startPostgres } from '../harness/environment/postgres.ts'
import { processes } from '../harness/environment/process-group.ts'
import { startRedis } from '../harness/environment/redis.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import { startProxy } from '../harness/faults/proxy/client.ts'
import { ensureRedis } from '../setup.mjs'
import { loads } from './proxy/loads.ts'
import { startToxiproxy } from './proxy/toxiproxy.ts'

const ROUNDS = Number(process.argv[2] ?? 7)
const SECONDS = Number(process.argv[3] ?? 2)
const TRIPS_A_ROUND = 2_000
const ECHO = `require('node:net').createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
const HTTP = `const page = 'x'.repeat(1000); require('node:http').createServer((_, answer) => answer.end(page)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
const NAMES = ['echo', 'postgres', 'redis', 'http'] as const

type Way = 'direct' | 'stampede' | 'toxiproxy'
const WAYS: readonly Way[] = ['direct', 'stampede', 'toxiproxy']

const { signal } = new AbortController()
await using keeper = await ScratchKeeper.open()
await using postgres = await startPostgres({ keeper, signal })
await using redis = await startRedis({ keeper, signal, program: await ensureRedis() })
await using servers = new AsyncDisposableStack()
const direct = { echo: await serve('echo', ECHO), postgres: postgres.address, redis: redis.address, http: await serve('http', HTTP) }
const links = NAMES.map((name) => ({ name, to: direct[name], delayMs: 0 }))
await using proxy = await startProxy({ keeper, links, attemptsFile: path.join(keeper.folder, 'links.ndjson'), signal })
await using toxiproxy = await startToxiproxy(
  keeper,
  Object.values(links).map(({ to }) => to),
  signal,
)
const pids = { stampede: proxy.pid, toxiproxy: toxiproxy.pid }

await compareTrips()
for (const load of loads(keeper.folder)) {
  const ofRounds: Record<'direct' | 'toxiproxy', number[]> = { direct: [], toxiproxy: [] }
  let missing = false
  for (let round = 0; round < ROUNDS && !missing; round++) {
    const now: Partial<Record<Way, number | undefined>> = {}
    for (const way of WAYS) now[way] = await load.perSecond(addressOf(way, load.to), SECONDS)
    missing = now.direct === undefined
    for (const other of ['direct', 'toxiproxy'] as const) ofRounds[other].push((now.stampede ?? 0) / (now[other] ?? 1))
  }
  if (missing) console.log(`${load.name}: not installed`)
  else console.log(`${load.name}: throughput ×${told(ofRounds.direct)} of direct, ×${told(ofRounds.toxiproxy)} of toxiproxy's`)
}

/** One message of 64 bytes there and back, one after the other. */
async function compareTrips(): Promise<void> {
  const added: Record<'stampede' | 'toxiproxy', number[]> = { stampede: [], toxiproxy: [] }
  const cpu: Record<'stampede' | 'toxiproxy', number[]> = { stampede: [], toxiproxy: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const before = await tripUs(direct.echo)
    for (const way of ['stampede', 'toxiproxy'] as const) {
      const beganMs = await cpuMs(pids[way])
      const through = await tripUs(addressOf(way, 'echo'))
      // The first round warms all of them up.
      if (round === 0) continue
      added[way].push(through - before)
      cpu[way].push((((await cpuMs(pids[way])) - beganMs) * 1_000) / TRIPS_A_ROUND)
    }
  }
  const cpuRatios = cpu.stampede.map((us, i) => us / (cpu.toxiproxy[i] ?? Number.NaN))
  console.log(`echo of 64 bytes: p50 +${median(added.stampede).toFixed(0)} µs; toxiproxy +${median(added.toxiproxy).toFixed(0)} µs`)
  console.log(
    `processor a round trip: ${median(cpu.stampede).toFixed(0)} µs; toxiproxy ${median(cpu.toxiproxy).toFixed(0)} µs: ×${told(cpuRatios)} of it`,
  )
}

/** The median of a round, µs. */
async function tripUs(address: string): Promise<number> {
  const socket = connect({ ...hostAndPort(address), noDelay: true })
  await once(socket, 'connect')
  const message = Buffer.alloc(64)
  const times: number[] = []
  for (let i = 0; i < TRIPS_A_ROUND; i++) {
    const begunMs = performance.now()
    const answer = new Promise((resolve) => socket.once('data', resolve))
    socket.write(message)
    await answer
    times.push((performance.now() - begunMs) * 1_000)
  }
  socket.destroy()
  return median(times)
}

async function cpuMs(pid: number): Promise<number> {
  return (await processes()).find((usage) => usage.pid === pid)?.cpuMs ?? 0
}

function addressOf(way: Way, name: (typeof NAMES)[number]): string {
  if (way === 'direct') return direct[name]
  return (way === 'stampede' ? proxy.links[name]?.address : toxiproxy.addresses[NAMES.indexOf(name)]) ?? ''
}

async function serve(name: string, program: string): Promise<string> {
  const child = await startChild({ keeper, name, file: process.execPath, args: ['-e', program] })
  servers.defer(async () => void (await child.stop('SIGTERM', 1_000)))
  return `127.0.0.1:${await child.said(/^\d+$/, 10_000, signal)}`
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Median of the rounds, with the least and the greatest. */
function told(ratios: readonly number[]): string {
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`
}
