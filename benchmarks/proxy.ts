// What the proxy costs: the median round trip of one small message, and of a Postgres `select 1`, through a link without
// toxics, against the same without the proxy. Prints ratios and the added time; both sides take turns, so that what else
// the machine does hits both. Run: node benchmarks/proxy.ts
import { once } from 'node:events'
import { connect } from 'node:net'
import path from 'node:path'
import pg from 'pg'
import { hostAndPort } from '../harness/environment/canary.ts'
import { startChild } from '../harness/environment/child.ts'
import { startPostgres } from '../harness/environment/postgres.ts'
import { ScratchKeeper } from '../harness/environment/scratch-keeper.ts'
import { startProxy } from '../harness/faults/proxy/client.ts'

const ROUNDS = 20
const TRIPS_A_ROUND = 250
const ECHO = `require('node:net').createServer({ noDelay: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

const { signal } = new AbortController()
await using keeper = await ScratchKeeper.open()
const echo = await startChild({ keeper, name: 'echo', file: process.execPath, args: ['-e', ECHO] })
const echoAddress = `127.0.0.1:${await echo.said(/^\d+$/, 10_000, signal)}`
await using postgres = await startPostgres({ keeper, signal })
const links = [
  { name: 'echo', to: echoAddress, delayMs: 0 },
  { name: 'postgres', to: postgres.address, delayMs: 0 },
]
await using proxy = await startProxy({ keeper, links, attemptsFile: path.join(keeper.folder, 'links.ndjson'), signal })

await compare('echo of 64 bytes', await echoTrip(echoAddress), await echoTrip(addressOf('echo')))
await compare('select 1', await queryTrip(postgres.address), await queryTrip(addressOf('postgres')))
await echo.stop('SIGTERM', 1_000)

type Trip = (() => Promise<void>) & { close: () => void }

async function compare(name: string, direct: Trip, proxied: Trip): Promise<void> {
  const times = { direct: [] as number[], proxied: [] as number[] }
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [way, trip] of [
      ['direct', direct],
      ['proxied', proxied],
    ] as const) {
      for (let i = 0; i < TRIPS_A_ROUND; i++) {
        const begunMs = performance.now()
        await trip()
        // The first round warms both up.
        if (round > 0) times[way].push(performance.now() - begunMs)
      }
    }
  }
  direct.close()
  proxied.close()
  const [without, through] = [median(times.direct), median(times.proxied)]
  console.log(
    `${name}: ×${(through / without).toFixed(2)} (p50 ${without.toFixed(3)} ms direct, ${through.toFixed(3)} ms through the proxy: +${(through - without).toFixed(3)} ms)`,
  )
}

async function echoTrip(address: string): Promise<Trip> {
  const socket = connect({ ...hostAndPort(address), noDelay: true })
  await once(socket, 'connect')
  const message = Buffer.alloc(64)
  const trip = async () => {
    socket.write(message)
    await once(socket, 'data')
  }
  return Object.assign(trip, { close: () => socket.destroy() })
}

async function queryTrip(address: string): Promise<Trip> {
  const client = new pg.Client({ ...hostAndPort(address), user: 'postgres', database: 'postgres', ssl: false })
  await client.connect()
  const trip = async () => void (await client.query('select 1'))
  return Object.assign(trip, { close: () => void client.end() })
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function addressOf(name: string): string {
  return proxy.links[name]?.address ?? ''
}
