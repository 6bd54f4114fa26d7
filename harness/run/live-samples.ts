// What the samplers last read, for the live view: when each breaker was open, and how full each pool is. The newest reading of each series
// and instance counts; what is judged is read from the file after the run. Bounds: 6 breakers, 6 pools, the newest 64 stretches a breaker.
import type { SampleLine } from '../history/raw-line.ts'

const SHOWN_MAX = 6
const SPANS_MAX = 64

export interface LiveBreaker {
  name: string
  open: boolean
  /** When it was open, ms since the run's start; the last one may still go on. */
  spans: readonly { fromMs: number; toMs: number }[]
}

export interface LivePool {
  name: string
  used: number
  waiting: number
  /** The most that were used so far. */
  most: number
}

interface Breaker {
  open: Set<string>
  spans: { fromMs: number; toMs: number }[]
}

interface Pool {
  used: Map<string, number>
  waiting: Map<string, number>
  most: number
}

export class LiveSamples {
  readonly #breakers = new Map<string, Breaker>()
  readonly #pools = new Map<string, Pool>()

  /** @param atMs since the run's start */
  take({ values, instance = '' }: Pick<SampleLine, 'values' | 'instance'>, atMs: number): void {
    for (const [series, value] of Object.entries(values)) {
      const [, kind, labels] = /^(breakerOpen|poolUsed|poolWaiting)(?:\{(.*)\})?$/s.exec(series) ?? []
      if (kind === undefined) continue
      const name = nameOf(labels)
      if (kind === 'breakerOpen') this.#breaker(name, instance, value > 0, atMs)
      else this.#pool(name, instance, kind === 'poolUsed' ? 'used' : 'waiting', value)
    }
  }

  get breakers(): LiveBreaker[] {
    return [...this.#breakers].map(([name, { open, spans }]) => ({ name, open: open.size > 0, spans }))
  }

  get pools(): LivePool[] {
    return [...this.#pools].map(([name, { used, waiting, most }]) => ({ name, used: sum(used), waiting: sum(waiting), most }))
  }

  /** Open as long as one instance's is. */
  #breaker(name: string, instance: string, isOpen: boolean, atMs: number): void {
    const breaker = known(this.#breakers, name, (): Breaker => ({ open: new Set(), spans: [] }))
    if (!breaker) return
    const last = breaker.open.size > 0 ? breaker.spans.at(-1) : undefined
    if (isOpen) breaker.open.add(instance)
    else breaker.open.delete(instance)
    if (last) last.toMs = atMs
    else if (isOpen) {
      breaker.spans.push({ fromMs: atMs, toMs: atMs })
      if (breaker.spans.length > SPANS_MAX) breaker.spans.shift()
    }
  }

  #pool(name: string, instance: string, what: 'used' | 'waiting', value: number): void {
    const pool = known(this.#pools, name, (): Pool => ({ used: new Map(), waiting: new Map(), most: 0 }))
    if (!pool) return
    pool[what].set(instance, value)
    pool.most = Math.max(pool.most, sum(pool.used))
  }
}

/** Undefined for one more than are shown. */
function known<T>(all: Map<string, T>, name: string, make: () => T): T | undefined {
  const found = all.get(name)
  if (found || all.size >= SHOWN_MAX) return found
  const made = make()
  all.set(name, made)
  return made
}

function sum(values: ReadonlyMap<string, number>): number {
  return [...values.values()].reduce((total, value) => total + value, 0)
}

/** `pool="cheap",state="used"` → `cheap`: a state is what was asked for, and tells nothing apart. */
function nameOf(labels = ''): string {
  const values = [...labels.matchAll(/(\w+)="([^"]*)"/g)].flatMap(([, label, value]) => (label === 'state' ? [] : [value]))
  return values.join(' ')
}
