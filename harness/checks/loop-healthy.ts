// A23: the event loop stays free. One synchronous second (a slow hash, a huge JSON, a regular expression) stops every call of the process,
// its health checks and its timers, and no pool or limiter can help.
//
// Limits: delayMs, the loop's 99th percentile of delay between two readings (default 100 ms), and busyShare, its share of busy time
// (default 0.95), both ours. A tenth of the readings under stress may be over, or, once three are, of the time (nobody reads a loop while
// it is blocked): shared cores stall a healthy one now and then. Delays that were as long in the steady phase (half of the limit) show the
// machine, not the server: unknown, unless the machine was watched and nobody took its cores. So does a loop that is busy all the time on
// less than 0.6 of a core (ours). Unknown too where delays are short, and the readings themselves were waited for so long: a histogram that
// each reading sets back (Node's own, as prom-client takes it) forgets the block that held the reading up. Not modelled: worker threads.
import type { History } from '../history/history.ts'
import { instancesOf } from '../history/instances.ts'
import { quantileOf } from '../history/quantiles.ts'
import { causesOf, isHere, phaseOf, phasesOf } from '../history/queries.ts'
import { cpuMsIn, type Point, points } from '../history/samples.ts'
import { stillsOf } from '../history/stills.ts'
import { isDuring } from '../history/stretch.ts'
import { milliseconds, share } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, percent, some, time, unknown } from './finding.ts'

const WITNESSES = 20
const MAY_BE_OVER = 0.9
const LEAST = 5
/** Fewer may be the machine's. ours */
const LEAST_BLOCKS = 3
/** A loop that is busy all the time and uses less waits for its core. */
const CORE_LEAST = 0.6

export const loopHealthy = check({
  code: 'A23',
  title: 'The event loop stays free under stress',
  why: 'While it is blocked nothing is answered, not even the refusals and probes that should protect the server.',
  remedy: {
    control: 'overload',
    do: 'Take synchronous work off the loop: hash with the asynchronous or a cheap function and cache it, bound what is parsed, shed before the loop is full.',
    runbook: 'OVERLOADED',
  },
  source: 'Node.js documentation, "Don’t Block the Event Loop"; limits are ours',
  sort: 'statistical',
  needs: ['observe.metrics.loopDelaySecondsP99'],
  limits: { delayMs: milliseconds(100), busyShare: share(0.95) },
  judge(history, { delayMs, busyShare }) {
    const stresses = phasesOf(history, 'stress')
    const steady = phaseOf(history, 'steady')
    const under = (name: string): Point[] => points(history, name).filter(({ atMs }) => stresses.some((stress) => isDuring(stress, atMs)))
    const delays = under('loopDelaySecondsP99')
    const busy = under('loopBusyShare')
    const blocks = delays.filter(({ value }) => value * 1_000 > delayMs).length
    // Nobody reads a loop while it is blocked: few readings that tell of blocks say why they are few.
    if (delays.length < LEAST && blocks < LEAST_BLOCKS)
      return unknown(`${some(delays.length, 'reading')} of the event loop under stress: too few`, { samples: delays.length })
    const lasting = blocks < LEAST_BLOCKS ? 0 : mostOfTheTime(delays, MAY_BE_OVER)
    const usualMs = Math.max(quantileOf(valuesOf(delays), MAY_BE_OVER), lasting) * 1_000
    const busiest = busy.length === 0 ? undefined : quantileOf(valuesOf(busy), 0.5)
    const before = points(history, 'loopDelaySecondsP99').filter(({ atMs }) => steady && isDuring(steady, atMs))
    const beforeMs = before.length < LEAST ? 0 : quantileOf(valuesOf(before), MAY_BE_OVER) * 1_000
    const full = busiest !== undefined && busiest >= busyShare
    const blocked = usualMs > delayMs
    const figures = `nine in ten readings have a delay of at most ${time(usualMs)} (p99)${busiest === undefined ? '' : `, and the loop is busy ${percent(busiest)} of the time`}`
    const shown = { measured: usualMs, limit: delayMs, unit: 'ms', samples: delays.length }
    if (!blocked && !full) {
      const waitedMs = waitedFor(under('metricsMs'), delayMs)
      const usuallyMs = waitedFor(
        points(history, 'metricsMs').filter(({ atMs }) => steady && isDuring(steady, atMs)),
        delayMs / 2,
      )
      if (waitedMs > delayMs && usuallyMs <= delayMs / 2)
        return unknown(
          `${figures}; but a tenth of the time who read it waited ${time(waitedMs)} and more: it may not tell what it waited for`,
          shown,
        )
      return { ...shown, status: 'pass', says: figures }
    }
    if (blocked && !full && beforeMs > delayMs / 2 && !keptItsCores(history))
      return unknown(`${figures}; but it was ${time(beforeMs)} before the stress already: the machine is not quiet enough`, shown)
    const given = coreShare(history)
    if (full && given !== undefined && given < CORE_LEAST)
      return unknown(`${figures}; but it was given ${percent(given)} of a core: the machine is not quiet enough`, shown)
    const worst = delays.reduce((most, point) => (point.value > most.value ? point : most))
    return {
      ...shown,
      ...(full && !blocked && { measured: busiest, limit: busyShare, unit: 'of the time' }),
      status: 'fail',
      timed: !full,
      says: figures,
      witnesses: indexes(causesOf(history.calls, worst.atMs, WITNESSES)),
    } satisfies Finding
  },
})

/** For a reading, most of the time; 0 where few took longer than is allowed. */
function waitedFor(waits: readonly Point[], allowedMs: number): number {
  if (waits.filter(({ value }) => value > allowedMs).length < LEAST_BLOCKS) return 0
  const inSeconds = waits.map((point) => ({ ...point, value: point.value / 1_000 }))
  return mostOfTheTime(inSeconds, MAY_BE_OVER) * 1_000
}

/** The machine of harness and server was watched, and gave its cores to nobody else. */
function keptItsCores(history: History): boolean {
  const watched = history.samples.some(({ sampler, values }) => sampler === 'machine' && values.stolenShare !== undefined)
  return watched && isHere(history) && stillsOf(history).length === 0
}

/** As long as the loop is blocked nobody reads: a reading speaks for the time since the one before it, as far as its delay explains that. */
function mostOfTheTime(delays: readonly Point[], share: number): number {
  const spans = [...Map.groupBy(delays, ({ series }) => series).values()].flatMap((own) => {
    const gaps = own.slice(1).map(({ atMs }, n) => atMs - (own[n]?.atMs ?? atMs))
    const everyMs = quantileOf(gaps, 0.5)
    return own.slice(1).map(({ value }, n) => ({ value, lengthMs: Math.min(gaps[n] ?? 0, everyMs + value * 1_000) }))
  })
  spans.sort((a, b) => a.value - b.value)
  let leftMs = share * spans.reduce((sum, { lengthMs }) => sum + lengthMs, 0)
  for (const { value, lengthMs } of spans) {
    leftMs -= lengthMs
    if (leftMs <= 0) return value
  }
  return 0
}

function valuesOf(of: readonly Point[]): number[] {
  return of.map(({ value }) => value)
}

/** Of one core, for each instance under stress; undefined where nobody looked. */
function coreShare(history: History): number | undefined {
  const stresses = phasesOf(history, 'stress')
  const used = stresses.flatMap((stress) => cpuMsIn(history, stress) ?? [])
  const lengthMs = stresses.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
  return used.length === 0 ? undefined : used.reduce((sum, cpuMs) => sum + cpuMs, 0) / lengthMs / instancesOf(history)
}
