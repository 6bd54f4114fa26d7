// What the proxy costs while nothing is in force: the time that it adds to one small round trip, its processor time for that,
// and the throughput that is left under pgbench, redis-benchmark and wrk, against no proxy and against toxiproxy 2.12. Round trips also go
// through a plain pipe in Node (proxy/plain-pipe.ts), and with `taskset` there the proxies have one core and the two ends the other.
// The ways take turns, so that what else the machine does hits all alike; ratios are of one round, their median is told.
// Run: node benchmarks/proxy.ts [rounds] [seconds of each load; 0: round trips alone]
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { hostAndPort } from '../harness/environment/canary.ts'
import { startChild } from '../harness/environment/child.ts'
import { startPostgres } from '../harness/environment/postgres.ts'
import { processes } from '../harness/environment/process-group.ts'
import { startRedis } from '../harness/environment/redis.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import { startProxy } from '../harness/faults/proxy/client.ts'
import { ensureRedis } from '../setup.mjs'
import { Toxiproxy } from '../tests/fixtures/toxiproxy.ts'
import { type Load, loads } from './proxy/loads.ts'
import { stopSignal, unlessStopped } from './stoppable.ts'

const ROUNDS = Number(process.argv[2] ?? 7)
const SECONDS = Number(process.argv[3] ?? 2)
const TRIPS_A_ROUND = 2_000
const ECHO = `require('node:net').createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
const HTTP = `const page = 'x'.repeat(1000); require('node:http').createServer((_, answer) => answer.end(page)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
const NAMES = ['echo', 'postgres', 'redis', 'http'] as const

type Way = 'direct' | 'stampede' | 'toxiproxy'
const WAYS: readonly Way[] = ['direct', 'stampede', 'toxiproxy']
const THROUGH = ['stampede', 'toxiproxy', 'pipe'] as const
type Through = (typeof THROUGH)[number]

const signal = stopSignal()
await using keeper = await ScratchKeeper.open()
await using postgres = await startPostgres({ keeper, signal })
await using redis = await startRedis({ keeper, signal, program: await ensureRedis({ signal }) })
await using servers = new AsyncDisposableStack()
const echo = await start('echo', ['-e', ECHO])
const http = await start('http', ['-e', HTTP])
const direct = { echo: echo.address, postgres: postgres.address, redis: redis.address, http: http.address }
const links = NAMES.map((name) => ({ name, to: direct[name], delayMs: 0 }))
await using proxy = await startProxy({ keeper, links, attemptsFile: path.join(keeper.folder, 'links.ndjson'), signal })
await using toxiproxy = await Toxiproxy.start(keeper, signal)
const throughToxiproxy = await Promise.all(links.map(({ name, to }) => toxiproxy.add(name, to)))
const { host, port } = hostAndPort(direct.echo)
const pipe = await start('pipe', [path.join(import.meta.dirname, 'proxy/plain-pipe.ts'), host, String(port)])
const pids: Record<Through, number> = { stampede: proxy.pid, toxiproxy: toxiproxy.pid, pipe: pipe.pid }

await unlessStopped(async () => {
  await compareTrips()
  for (const load of SECONDS > 0 ? loads(keeper.folder) : []) await compareThroughput(load)
}, signal)

async function compareThroughput(load: Load): Promise<void> {
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
  const pinned = pin()
  const added: Record<Through, number[]> = { stampede: [], toxiproxy: [], pipe: [] }
  const cpu: Record<Through, number[]> = { stampede: [], toxiproxy: [], pipe: [] }
  for (let round = 0; round <= ROUNDS; round++) {
    const before = await tripUs(direct.echo)
    for (const way of THROUGH) {
      const beganMs = await cpuMs(pids[way])
      const through = await tripUs(way === 'pipe' ? pipe.address : addressOf(way, 'echo'))
      // The first round warms all of them up.
      if (round === 0) continue
      added[way].push(through - before)
      cpu[way].push((((await cpuMs(pids[way])) - beganMs) * 1_000) / TRIPS_A_ROUND)
    }
  }
  unpin()
  console.log(`echo of 64 bytes, ${pinned ? 'the proxies on one core, both ends on the other' : 'on whatever core'}:`)
  for (const way of THROUGH) console.log(`  ${way}: p50 +${told(added[way], 0)} µs, processor a round trip ${told(cpu[way], 0)} µs`)
  for (const other of ['toxiproxy', 'pipe'] as const) {
    const ratios = cpu.stampede.map((us, i) => us / (cpu[other][i] ?? Number.NaN))
    console.log(`  processor: ×${told(ratios)} of ${other}'s`)
  }
}

/** The first core is for both ends, the last one for the proxies, of which one has work at a time. */
function pin(): boolean {
  const last = String(os.availableParallelism() - 1)
  const done = [...Object.values(pids).map((pid) => ['-acp', last, pid]), ['-acp', '0', process.pid], ['-acp', '0', echo.pid]].map(
    (words) => spawnSync('taskset', words.map(String), { stdio: 'ignore' }).status,
  )
  return last !== '0' && done.every((status) => status === 0)
}

function unpin(): void {
  const all = `0-${os.availableParallelism() - 1}`
  for (const pid of [...Object.values(pids), process.pid, echo.pid]) spawnSync('taskset', ['-acp', all, String(pid)], { stdio: 'ignore' })
}

/** The median of a round, µs. */
async function tripUs(address: string): Promise<number> {
  const socket = connect({ ...hostAndPort(address), noDelay: true })
  await once(socket, 'connect')
  const message = Buffer.alloc(64)
  const times: number[] = []
  for (let i = 0; i < TRIPS_A_ROUND; i++) {
    const begunMs = performance.now()
    const answer = once(socket, 'data')
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
  return (way === 'stampede' ? proxy.links[name]?.address : throughToxiproxy[NAMES.indexOf(name)]) ?? ''
}

/** One that says its port. */
async function start(name: string, args: string[]): Promise<{ pid: number; address: string }> {
  const child = await startChild({ keeper, name, file: process.execPath, args })
  servers.defer(async () => void (await child.stop('SIGTERM', 1_000)))
  return { pid: child.pid, address: `127.0.0.1:${await child.said(/^\d+$/, 10_000, signal)}` }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Median of the rounds, with the least and the greatest. */
function told(values: readonly number[], digits = 2): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits))
  return `${middle} (${least}–${most})`
}
