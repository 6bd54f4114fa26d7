// Figures that are read when Prometheus asks: pools, requests inside, and the process itself.
import { Counter, Gauge, type Registry } from 'prom-client'
import { heapAfterCollection } from './heap.ts'
import type { LoopReading } from './loop-watch.ts'

export interface PoolFigures {
  name: string
  used: number
  idle: number
  waiting: number
  waitingMax: number
}

/** Noted as it happens: most scrapes come too late to see it. */
export interface Marks {
  inFlightMax: number
  /** 1 while calls are decided without Redis. */
  limiterMode: 0 | 1
  /** The highest since the last scrape. */
  limiterModeMax: 0 | 1
}

export interface Scraped {
  pools: () => PoolFigures[]
  waitMsMax: ReadonlyMap<string, number>
  inFlight: () => number
  /** Throws when it cannot be known. */
  leases: () => Promise<number>
  marks: Marks
  /** Since it was last called. */
  loop: () => LoopReading
  /** heap.ts; default never. */
  collectEveryMs?: number
}

export function scrapedGauges(registry: Registry, { pools, waitMsMax, inFlight, leases, marks }: Scraped): void {
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    collect: (set: (value: number, labels?: Record<string, string>) => void) => void,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        collect((value, labels = {}) => this.set(labels, value))
      },
    })
  gauge('calls_in_flight', 'Requests that have not been answered', [], (set) => set(inFlight()))
  gauge('calls_in_flight_max', 'Most requests that ever were inside at once, since the start', [], (set) => set(marks.inFlightMax))
  gauge('limiter_mode', '0 Redis, 1 without Redis (declared fallback): the highest since the last scrape', [], (set) => {
    set(marks.limiterModeMax)
    marks.limiterModeMax = marks.limiterMode
  })
  new Gauge({
    name: 'leases_held',
    help: 'Calls that hold a lease in Redis, over all instances; the last known while Redis is away',
    registers: [registry],
    async collect() {
      await leases()
        .then((held) => this.set(held))
        .catch(() => undefined)
    },
  })
  gauge('pool_connections', 'Connections to Postgres by state', ['pool', 'state'], (set) => {
    for (const { name, used, idle } of pools()) {
      set(used, { pool: name, state: 'used' })
      set(idle, { pool: name, state: 'idle' })
    }
  })
  gauge('pool_waiting', 'Calls waiting for a connection', ['pool'], (set) => {
    for (const { name, waiting } of pools()) set(waiting, { pool: name })
  })
  gauge('pool_waiting_max', 'Most calls that ever waited for a connection, since the start', ['pool'], (set) => {
    for (const { name, waitingMax } of pools()) set(waitingMax, { pool: name })
  })
  gauge('pool_wait_seconds_max', 'Longest wait for a connection, since the start', ['pool'], (set) => {
    for (const { name } of pools()) set((waitMsMax.get(name) ?? 0) / 1_000, { pool: name })
  })
}

/** A scrape right after another one's would be told of a moment; it gets the same figures. */
const SAME_SCRAPE_MS = 100

/** Names as every exporter of processes has them. */
export function processGauges(registry: Registry, { collectEveryMs = 0, loop: read }: Pick<Scraped, 'collectEveryMs' | 'loop'>): void {
  const registers = [registry]
  new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Memory of this process',
    registers,
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU that this process has used',
    registers,
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  const heap = heapAfterCollection(collectEveryMs)
  new Gauge({
    name: 'heap_after_gc_bytes',
    help: 'Heap in use after the last full collection of garbage: what only ever grows is a leak',
    registers,
    collect() {
      this.set(heap())
    },
  })
  const loop = oncePerScrape(read)
  new Gauge({
    name: 'event_loop_busy_ratio',
    help: 'Share of the time for which the event loop was busy, since the last scrape',
    registers,
    collect() {
      this.set(loop().utilisation)
    },
  })
  new Gauge({
    name: 'event_loop_delay_p99_seconds',
    help: '99th percentile of how late the event loop was, since the last scrape',
    registers,
    collect() {
      this.set(loop().delayMs / 1_000)
    },
  })
}

/** One reading a scrape, whoever of its gauges asks first. */
function oncePerScrape(read: Scraped['loop']): Scraped['loop'] {
  let reading = read()
  let readAtMs = 0
  return () => {
    if (performance.now() - readAtMs >= SAME_SCRAPE_MS) {
      reading = read()
      readAtMs = performance.now()
    }
    return reading
  }
}
