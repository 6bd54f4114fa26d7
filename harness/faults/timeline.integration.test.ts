// What a run's timeline says, against what somebody else saw who looked all the time: both must tell of the same moments.
import { connect } from 'node:net'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { discover } from '../discover.ts'
import { hostAndPort, measured } from '../environment/canary.ts'
import { ScratchKeeper } from '../environment/scratch-keeper.ts'
import type { Environment } from '../environment/service.ts'
import type { FaultLine } from '../history/raw-line.ts'
import { createDraw } from '../plan/draw.ts'
import { layPhases, planFaults } from '../plan/phases.ts'
import { runTimeline, timelineOf } from '../run/timeline.ts'
import type { WindowEntry } from '../scenario.ts'
import type { FaultDefinition } from './fault.ts'
import { postgresLatency } from './postgres-latency.ts'
import { postgresRefused } from './postgres-refused.ts'
import { startProxy } from './proxy/client.ts'
import { echo, listening } from './proxy/fixtures/loopback.ts'
import { redisLatency } from './redis-latency.ts'

const WITHIN_MS = 100
const units = await discover<FaultDefinition>('fault', import.meta.dirname)
const { signal } = new AbortController()
let owned: AsyncDisposableStack
let environment: Environment

beforeEach(async () => {
  owned = new AsyncDisposableStack()
  const keeper = owned.use(await ScratchKeeper.open())
  const server = owned.use(await listening(echo))
  const links = ['postgres', 'redis'].map((name) => ({ name, to: server.address, delayMs: 0 }))
  const proxy = owned.use(await startProxy({ keeper, links, attemptsFile: path.join(keeper.folder, 'links.ndjson'), signal }))
  const canary = ({ canaryAddress }: { canaryAddress: string }) => measured(undefined, (stop) => ping(canaryAddress, stop))
  environment = { keeper, links: proxy.links, canaries: { postgres: canary, redis: canary }, servers: [], url: 'http://127.0.0.1:1/' }
})

afterEach(async () => {
  await owned.disposeAsync()
})

/** A fresh connection, one round trip, ms. */
function ping(address: string, stop: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const begunMs = performance.now()
    const socket = connect({ ...hostAndPort(address), noDelay: true, signal: stop }, () => socket.write('ping'))
    socket.once('data', () => {
      resolve(performance.now() - begunMs)
      socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('closed')))
  })
}

interface Look {
  atMs: number
  roundTripMs: number
  well: boolean
}

/** Looks every few ms, 50 at a time under way at most, until it is told to stop. */
function watching(address: string) {
  const looks: Look[] = []
  let underWay = 0
  const timer = setInterval(() => {
    if (underWay >= 50) return
    underWay++
    const atMs = Date.now()
    void measured(undefined, (stop) => ping(address, stop)).then(({ roundTripMs, error }) => {
      underWay--
      looks.push({ atMs, roundTripMs, well: error === undefined })
    })
  }, 5)
  owned.defer(() => clearInterval(timer))
  return {
    /** Once it has seen the end of the last fault too. */
    stop: async () => {
      const askedAtMs = Date.now()
      await expect.poll(() => looks.some(({ atMs, well }) => atMs > askedAtMs && well)).toBe(true)
      clearInterval(timer)
      return looks.toSorted((a, b) => a.atMs - b.atMs)
    },
  }
}

async function play(windows: WindowEntry[], stressS: number) {
  const phases = layPhases({ warmUpS: 0, steadyS: 0.3, stressS, recoveryS: 0.5 }, windows, 'quick')
  const faults = planFaults(windows, phases, units, createDraw(11))
  const lines: FaultLine[] = []
  const t0Ms = Date.now()
  await runTimeline({ faults, units, environment, t0Ms, record: (line) => lines.push(line), signal })
  return { faults, lines, t0Ms, timeline: timelineOf(faults, lines, t0Ms) }
}

it('tells within 100 ms when a flapping fault was there, as planned', async () => {
  const watch = watching(environment.links.postgres?.address ?? '')
  const { faults, t0Ms, timeline } = await play([{ id: 'w', faults: [postgresRefused({}, { flaps: 3 })] }], 3)
  const looks = await watch.stop()
  expect(timeline).toHaveLength(3)
  const changes = looks.flatMap((look, i) => (i > 0 && look.well !== looks[i - 1]?.well ? [look.atMs - t0Ms] : []))
  const told = timeline.flatMap(({ fromMs, toMs }) => [fromMs, toMs])
  expect(changes).toHaveLength(6)
  for (const [i, change] of changes.entries()) expect(Math.abs(change - (told[i] ?? 0))).toBeLessThan(WITHIN_MS)
  for (const [i, { injectAtMs }] of faults.entries()) expect(Math.abs((timeline[i]?.fromMs ?? 0) - injectAtMs)).toBeLessThan(WITHIN_MS)
  expect(timeline.every(({ felt, healed }) => felt && healed)).toBe(true)
})

it('tells each step of a fault that grows, and never lets go in between', async () => {
  const watch = watching(environment.links.postgres?.address ?? '')
  const entry = postgresLatency({ delayMs: 20 }, { ramp: { to: { delayMs: 80 }, steps: 2 } })
  const { lines, timeline } = await play([{ id: 'w', faults: [entry] }], 2)
  const looks = await watch.stop()
  const steps = lines.filter(({ event }) => event === 'injected' || event === 'changed')
  expect(steps.map(({ event }) => event)).toEqual(['injected', 'changed', 'changed'])
  for (const [i, { atMs }] of steps.entries()) {
    const until = steps[i + 1]?.atMs ?? lines.find(({ event }) => event === 'healing')?.atMs ?? 0
    const during = looks.filter((look) => look.atMs > atMs + 10 && look.atMs + look.roundTripMs < until)
    expect(during.length).toBeGreaterThan(3)
    expect(Math.min(...during.map(({ roundTripMs }) => roundTripMs))).toBeGreaterThan(2 * (20 + 30 * i) - 3)
  }
  expect(timeline).toMatchObject([{ felt: true, healed: true }])
})

it('carries out faults of two dependencies side by side, and two of one when they are meant to combine', async () => {
  const faults = [postgresLatency({ delayMs: 40 }), postgresRefused({}, { from: 0.6 }), redisLatency({ delayMs: 40 })]
  const { timeline } = await play([{ id: 'w', faults, combine: true }], 1.5)
  expect(timeline.map(({ fault, felt }) => [fault, felt])).toEqual([
    ['postgres-latency', true],
    ['postgres-refused', true],
    ['redis-latency', true],
  ])
})
