// A22: when one of several instances dies, only the calls inside it are lost, and the others carry the load within seconds.
// Slots, sessions or cursors that lived in the dead one, or a balancer that keeps sending to it, spread the loss.
//
// Limits: withinMs, until the last second whose good ÷ planned is under goodShare of the steady phase's (defaults 5 s and 0.95, ours); one
// that comes later must be further under it, alone or with its like, than chance makes of so few calls; ejectMs, how long after the kill
// calls may still be lost on their way (default 1 s, ours: a balancer needs a failure to notice), more than chance makes of what is lost in
// the steady phase too, as by a server that ends connections just as they are used. Only where the load is one that the rest can carry; a
// caller that gave up before the plan's patience was over lost nothing. Agents that did not ask in the steady phase have no share to
// compare: of them only lost calls count. Not modelled: an instance that is slow rather than dead.
import { type Tally, totalOf } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import { type FaultRecord, faultsOf } from '../history/faults.ts'
import { intentsOfRegulars } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { goodIn, phaseOf, windowsOf } from '../history/queries.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import { milliseconds, share } from '../parameters.ts'
import { isByProxy } from './by-proxy.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, percent, some, time, unknown, worst } from './finding.ts'

const WITNESSES = 20
const WINDOW_MS = 1_000
const LEAST_PLANNED = 10

interface Limits {
  withinMs: number
  ejectMs: number
  goodShare: number
}

export const killContained = check({
  code: 'A22',
  title: 'One dead instance costs its own calls and no more',
  why: 'Instances die. What they held must be free again by itself, and the others must not notice for longer than it takes to look away.',
  remedy: {
    control: 'admission',
    do: 'Share nothing but Postgres and Redis; let slots of a dead process expire; have the balancer eject what refuses or times out.',
    runbook: 'CONCURRENCY_LIMITED',
  },
  source: 'vumi-go#541; limits are ours',
  sort: 'event',
  comparesWithBaseline: true,
  needs: ['responses'],
  limits: { withinMs: milliseconds(5_000), ejectMs: milliseconds(1_000), goodShare: share(0.95) },
  judge(history, limits) {
    const kills = faultsOf(history).filter(({ fault }) => fault === 'server-killed')
    if (kills.length === 0) return notExercised('no instance was killed')
    const found = kills.map((kill) => judgeKill(history, kill, limits))
    return worst(found)
  },
})

function judgeKill(history: History, kill: FaultRecord, limits: Limits): Finding {
  const steady = phaseOf(history, 'steady')
  const all = intentsOfRegulars(history)
  const before = steady ? goodIn(all, steady) : undefined
  const shown = { limit: limits.withinMs, unit: 'ms', samples: all.length }
  if (!before || before.planned < LEAST_PLANNED || before.share === 0)
    return unknown('too little was good in the steady phase to compare with', shown)
  const untilMs = Math.max(kill.toMs, kill.fromMs + limits.withinMs + WINDOW_MS)
  const lost = lostAfter(history, kill, { fromMs: kill.fromMs + limits.ejectMs, toMs: untilMs }, steady)
  const windows = windowsOf(all, { fromMs: kill.fromMs, toMs: untilMs }, WINDOW_MS).filter(({ planned }) => planned > 0)
  const late = windows.filter(({ toMs }) => toMs - kill.fromMs > limits.withinMs)
  const isNoise = isChance(totalOf(late), before)
  const bad = windows
    .filter(({ good, planned }) => good / planned < before.share * limits.goodShare)
    .filter((second) => !(isNoise && late.includes(second) && isChance(second, before)))
  const tookMs = Math.max(0, ...bad.map(({ toMs }) => toMs - kill.fromMs))
  if (windows.length === 0) return unknown('no call was planned after the kill', shown)
  const worst = windows.reduce((least, { good, planned }) => Math.min(least, good / planned), 1)
  if (tookMs > limits.withinMs) {
    const failed = all
      .filter(({ first, good }) => !good && first.sentAtMs >= kill.fromMs && first.sentAtMs < untilMs)
      .map(({ first }) => first)
    return {
      ...shown,
      measured: tookMs,
      status: 'fail',
      timed: true,
      says: `answers were still short of good ${time(tookMs)} after the kill, allowed are ${time(limits.withinMs)}; the worst second had ${percent(worst)}`,
      witnesses: indexes(failed.slice(0, WITNESSES)),
    }
  }
  if (lost.length > 0)
    return {
      ...shown,
      measured: lost.length,
      limit: 0,
      unit: `calls lost later than ${time(limits.ejectMs)} after the kill`,
      status: 'fail',
      says: `${some(lost.length, 'call')} sent more than ${time(limits.ejectMs)} after the kill was lost all the same`,
      witnesses: indexes(lost.slice(0, WITNESSES)),
    }
  return {
    ...shown,
    measured: tookMs,
    status: 'pass',
    says: `answers were good again ${time(tookMs)} after the kill; the worst second had ${percent(worst)}`,
  }
}

/** Rarer than that a second is no chance. ours */
const CHANCE = 0.001

/** Would as many calls that fail as often as those of the steady phase fare as badly now and then? Of five calls one is soon bad. */
function isChance({ good, planned }: Tally, steady: Tally): boolean {
  // One more of either: none that failed among forty does not say that none ever will.
  const share = (steady.good + 1) / (steady.planned + 2)
  let logTerm = planned * Math.log(share)
  let fewer = 0
  for (let bad = 0; bad < planned - good; bad++) {
    fewer += Math.exp(logTerm)
    logTerm += Math.log(((planned - bad) / (bad + 1)) * ((1 - share) / share))
  }
  return 1 - fewer >= CHANCE
}

/** None, where as many of as many are chance to a server that loses calls on a quiet day too. */
function lostAfter(history: History, kill: FaultRecord, late: Stretch, steady: Stretch | undefined): Call[] {
  const now = history.calls.filter(({ sentAtMs }) => isDuring(late, sentAtMs))
  const before = history.calls.filter(
    ({ sentAtMs, endedAtMs = kill.beginsMs }) => steady && isDuring(steady, sentAtMs) && endedAtMs < kill.beginsMs,
  )
  const lost = now.filter((call) => broken(call, history))
  const usual = before.filter((call) => broken(call, history)).length
  const tally = { good: now.length - lost.length, planned: now.length }
  return usual > 0 && isChance(tally, { good: before.length - usual, planned: before.length }) ? [] : lost
}

function broken(call: Call, { plan }: History): boolean {
  const { evidence, class: is, timeoutMs } = call
  if (evidence.transport === 'timeout' && timeoutMs < plan.patienceMs) return false
  // Somebody who lives has closed a connection that nobody used.
  if (evidence.status === 408) return false
  return is === 'unreachable' || is === 'lost' || isByProxy(call)
}
