// A7: who waits as long as told is let in. On a budget of the agent's own, with nobody else of the agent waiting, at first; on what
// several wait for (shared budgets, calls at once, a queue) by twice the wait at the latest. Where many come back, they come spread out.
// Only calls that obeyed are looked at: not a millisecond too early. Nor is its own wait far too long: who did not obey was let in before
// half of it was over (told-too-long.ts). Both shares have a 95 % interval (Wilson); one return or wait alone is no fail.
//
// Limits: honestShare of the returns, and of the waits that somebody tried (default 0.9 of 1, ours); leastReturns (default 30: with fewer,
// nine in ten cannot be told); busiestRatio, the busiest second of a phase's returns against their mean, or that of the refusals where
// those took longer, from 100 returns on (default 2 ×, ours), beyond what chance alone does to a count.
// Not modelled: agents that come late on purpose; waits of more than the run; the guesses of a breaker or a server that drains: who was
// turned away by those, before or after, is left out, as is who came back to a budget of its own and found full what others share, or was
// not its only waiter: a budget tells each when the next one is let in.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { count, ratio, share } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, percent, some, time, unknown } from './finding.ts'
import { toldTooLong } from './told-too-long.ts'
import { isOwn, isRefusal, type Return, returns } from './waits.ts'
import { wilson } from './wilson.ts'

const WITNESSES = 20
const SPREAD_FROM = 100
const SLACK_MS = 50

export const retryAfterHonest = check({
  code: 'A7',
  title: 'Who waits as told is let in',
  why: 'A wait that is not true teaches agents to ignore it. One that is the same for all brings them back together.',
  remedy: {
    control: 'guidance',
    do: 'Tell the time until the refusing budget admits this very call, and spread what several wait for.',
    runbook: 'RATE_LIMITED',
  },
  source: 'RFC 9110 §10.2.3; seed 1, "Return codes that agents actually understand"; limits are ours',
  sort: 'statistical',
  needs: ['responses'],
  limits: { honestShare: share(0.9), leastReturns: count(30), busiestRatio: ratio(2, { from: 1, to: 100 }) },
  judge(history, { honestShare, leastReturns, busiestRatio }) {
    const judged = judge(history)
    const long = tooLong(history, honestShare)
    if (judged.length === 0) return long ?? notExercised('nobody who was refused waited as told and came back')
    const broken = judged.filter(({ honest }) => !honest)
    const measured = 1 - broken.length / judged.length
    const interval = wilson(judged.length - broken.length, judged.length)
    const shown = { measured, interval, limit: honestShare, unit: 'of 1', samples: judged.length, witnesses: witnessesOf(broken) }
    const own = judged.filter(({ alone }) => alone)
    const says = `${percent(measured)} of ${some(judged.length, 'return')} that had waited as told were let in (${own.length} on budgets of their own)`
    if (interval[1] < honestShare && broken.length > 1) return { ...shown, status: 'fail', says: `${says}${worst(broken)}` }
    if (long) return { ...long, says: `${says}, but ${long.says}` }
    const busy = busiest(judged, busiestRatio)
    if (busy) return { ...shown, status: 'fail', says: `${says}, but ${busy.says}`, witnesses: busy.witnesses }
    if (judged.length < leastReturns) return unknown(`${says}: too few to tell, ${leastReturns} would do`, shown)
    if (interval[0] < honestShare) return unknown(`${says}${worst(broken)}: which does not decide`, shown)
    return { ...shown, status: 'pass', says }
  },
})

/** Most of the waits that could be tried were far too long. */
function tooLong(history: History, limit: number): Finding | undefined {
  const { tried, long } = toldTooLong(history)
  const [first] = long
  const interval = wilson(tried - long.length, tried)
  if (!first || long.length === 1 || interval[1] >= limit) return undefined
  const { refused, told, freeMs } = first
  return {
    status: 'fail',
    measured: 1 - long.length / tried,
    interval,
    limit,
    unit: 'of 1',
    samples: tried,
    says: `${long.length} of ${some(tried, 'refusal')} told a wait that was far too long; ${refused.agent} was told ${time(told)}, did not wait, and was let in after ${time(freeMs)}`,
    witnesses: indexes(long.flatMap((one) => [one.letIn, one.refused]).slice(0, WITNESSES)),
  }
}

const NO_PROMISE: ReadonlySet<string> = new Set(['dependency', 'draining'])

interface Judged extends Return {
  honest: boolean
}

/** Those of which it can be told: an agent that gave up before twice the wait was over says nothing of a shared budget. */
function judge(history: History): Judged[] {
  const next = new Map<string, Call>()
  for (const call of history.calls) if (call.parent !== undefined) next.set(call.parent, call)
  return returns(history).flatMap((back): Judged[] => {
    const { call, refused, told, alone } = back
    if (call.endedAtMs === undefined || call.evidence.transport !== undefined || NO_PROMISE.has(call.class)) return []
    if (!alone && isOwn(refused, history)) return []
    if (!isRefusal(call)) return [{ ...back, honest: true }]
    // What it shares with others may be full now: the budget that told the wait has kept its word.
    if (alone) return isOwn(call, history) ? [{ ...back, honest: false }] : []
    const untilMs = (refused.endedAtMs ?? refused.sentAtMs) + 2 * told + SLACK_MS
    let last: Call | undefined = call
    while (last && isRefusal(last) && last.sentAtMs <= untilMs) last = next.get(last.call)
    return last === undefined ? [] : [{ ...back, honest: last.sentAtMs <= untilMs }]
  })
}

function worst(broken: readonly Judged[]): string {
  const [first] = broken.toSorted((a, b) => Number(b.alone) - Number(a.alone))
  if (!first) return ''
  const again = first.call.evidence.data?.retryAfterMs
  const told = typeof again === 'number' ? `, then ${time(again)} more` : ''
  return `; ${first.call.agent} was told ${time(first.told)}, waited, and was refused again${told}`
}

function witnessesOf(broken: readonly Judged[]): number[] {
  return indexes(broken.flatMap(({ refused, call }) => [call, refused]).slice(0, WITNESSES))
}

/** Returns on what several wait for, by seconds; undefined when they are few, or as spread as chance has it. */
function busiest(judged: readonly Judged[], most: number): { says: string; witnesses: number[] } | undefined {
  const shared = judged.filter(({ alone }) => !alone)
  // Each stress by itself: between two of them nobody has anything to come back for.
  for (const back of Map.groupBy(shared, ({ refused }) => `${refused.phase} ${refused.window}`).values()) {
    if (back.length < SPREAD_FROM) continue
    const seconds = Map.groupBy(back, ({ call }) => secondOf(call.sentAtMs))
    // Who was turned away within two seconds may well come back within two.
    const refusedIn = back.map(({ refused }) => secondOf(refused.sentAtMs))
    const mean = back.length / Math.max(lengthOf(seconds.keys()), lengthOf(refusedIn))
    const [second, herd] = [...seconds].reduce((highest, other) => (other[1].length > highest[1].length ? other : highest))
    const allowed = most * mean
    if (herd.length <= allowed + 3 * Math.sqrt(allowed)) continue
    return {
      says: `${herd.length} came back in second ${second}, ${Math.round((10 * herd.length) / mean) / 10} times the mean`,
      witnesses: indexes(herd.map(({ call }) => call).slice(0, WITNESSES)),
    }
  }
  return undefined
}

function secondOf(atMs: number): number {
  return Math.floor(atMs / 1_000)
}

/** From the first to the last, both counted. */
function lengthOf(seconds: Iterable<number>): number {
  const each = [...new Set(seconds)]
  return Math.max(...each) - Math.min(...each) + 1
}
