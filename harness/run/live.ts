// Follows raw/load.ndjson, or those of several generators, while they grow: the run's start, and the figures of the
// live view. Judging reads the files anew. Rates are those of the last 2 s; a call is good when it looks it: right,
// and inside its role's time from its planned moment (waits that the server asked for are not taken off here).
import { setTimeout as wait } from 'node:timers/promises'
import { Follower } from '../history/follower.ts'
import type { LoadLine, SendLine } from '../history/load-line.ts'

const LOOK_EVERY_MS = 100
/** Latencies kept for the live p95, and latenesses: the newest ones. */
const NEWEST_KEPT = 500
/** Over how long a rate is taken. */
const RATE_OVER_MS = 2_000

export interface LiveCounts {
  offered: number
  good: number
  /** Answered, but wrong or too late. */
  late: number
  refused: number
  failed: number
}

export interface LiveFigures {
  /** Since the start. */
  counts: LiveCounts
  /** In the last 2 s. */
  perSecond: LiveCounts
  /** Of the newest answers, ms. */
  p95Ms: number
  /** By how much calls left later than planned, 95 % of the newest, ms. */
  sentLateMs: number
}

interface Snapshot {
  atMs: number
  counts: LiveCounts
}

export class LiveFile implements AsyncDisposable {
  /** Wall-clock ms at which the generator began its timeline. */
  readonly started: Promise<number>
  readonly #stop = new AbortController()
  readonly #counts: LiveCounts = { offered: 0, good: 0, late: 0, refused: 0, failed: 0 }
  readonly #sent = new Map<string, Pick<SendLine, 'sentAtMs' | 'plannedAtMs' | 'role'>>()
  readonly #latenciesMs: number[] = []
  readonly #latenessesMs: number[] = []
  readonly #done: Promise<unknown>
  readonly #sloMs: (role: string) => number | undefined
  /** One for each time that the figures were asked for, as far back as a rate reaches. */
  #past: Snapshot[] = []
  #resolveStarted: (t0Ms: number) => void = () => undefined

  /** @param sloMs a role's time; without one any right answer is good */
  constructor(files: readonly string[], sloMs: (role: string) => number | undefined = () => undefined) {
    this.#sloMs = sloMs
    this.started = new Promise((resolve) => {
      this.#resolveStarted = resolve
    })
    this.#done = Promise.all(files.map((file) => this.#follow(file)))
  }

  /** @param nowMs any steady clock's */
  figures(nowMs = performance.now()): LiveFigures {
    const counts = { ...this.#counts }
    this.#past = [...this.#past.filter(({ atMs }) => atMs >= nowMs - RATE_OVER_MS), { atMs: nowMs, counts }]
    const [before = { atMs: nowMs, counts }] = this.#past
    const seconds = Math.max(0.001, (nowMs - before.atMs) / 1_000)
    const rate = (name: keyof LiveCounts) => (counts[name] - before.counts[name]) / seconds
    const names = ['offered', 'good', 'late', 'refused', 'failed'] as const
    return {
      counts,
      perSecond: Object.fromEntries(names.map((name) => [name, rate(name)])) as unknown as LiveCounts,
      p95Ms: p95(this.#latenciesMs),
      sentLateMs: p95(this.#latenessesMs),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#done
  }

  async #follow(file: string): Promise<void> {
    const { signal } = this.#stop
    await using lines = new Follower<LoadLine>(file)
    for (;;) {
      // Looked at before reading: what was written until the stop is still read, to the end.
      const last = signal.aborted
      await lines.read((line) => this.#take(line))
      if (last) return
      await wait(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  #take(line: LoadLine): void {
    const counts = this.#counts
    if (line.kind === 'start') {
      this.#resolveStarted(line.atMs)
    } else if (line.kind === 'send') {
      counts.offered++
      const { sentAtMs, plannedAtMs, role } = line
      this.#sent.set(line.call, { sentAtMs, plannedAtMs, role })
      keep(this.#latenessesMs, Math.max(0, sentAtMs - plannedAtMs))
    } else if (line.kind === 'end') {
      const sent = this.#sent.get(line.call)
      this.#sent.delete(line.call)
      if (sent) keep(this.#latenciesMs, line.endedAtMs - sent.sentAtMs)
      if (line.status === 429 || line.status === 503) counts.refused++
      else if (line.status !== 200 || line.isError || line.rpcCode !== undefined) counts.failed++
      else if (line.correct !== false && sent && this.#inTime(sent, line.endedAtMs)) counts.good++
      else counts.late++
    }
  }

  #inTime({ plannedAtMs, role }: Pick<SendLine, 'plannedAtMs' | 'role'>, endedAtMs: number): boolean {
    return endedAtMs - plannedAtMs <= (this.#sloMs(role) ?? Number.POSITIVE_INFINITY)
  }
}

function keep(newest: number[], value: number): void {
  newest.push(value)
  if (newest.length > NEWEST_KEPT) newest.shift()
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? 0
}
