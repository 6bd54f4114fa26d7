// A16: saying no is cheap. A refusal that does the work first, opens a stack or asks three stores costs as much as an answer,
// so the flood that it should turn away takes the server down all the same.
//
// Limits: latencyMs, within which nine in ten refusals come (default 50, ours), by the server's own time where its log shows it, else with
// the way there and back on top, which the soonest answer bounds. The share that does has an interval over the run's seconds: where it lies
// across nine in ten, nobody knows (of the hardened server's 97 to 100 % do, of a limiter's that does the work first 5 to 8 %), nor where
// one in a hundred takes twice as long: in a salvo the last waits for all before it. cpuShare, CPU of a refusal ÷ CPU of an answered call
// (default 0.25, ours), from the server's processes: an answer's from the steady phase, a refusal's from what is left under stress; below
// cpuFloorMs (1, ours) it is cheap beside whatever answer. A 401, a 403 and what was shed at the door are refusals too; who was turned away
// in a queue had to wait, and so had whose key was sought at the identity provider (`unknown-key`: how often, retry-amplification tells).
// The warm-up is left out: the engine is cold. Too few of either (100) leave that half out; where a fifth of the answers under stress
// (ours) was of other tools, it makes no fail. Not modelled: what a refusal costs Redis.
import { generatorOf, shareInterval, type Tally } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { quantileOf } from '../history/quantiles.ts'
import { phaseOf, phasesOf, timeInside, wayMs } from '../history/queries.ts'
import { cpuMsIn } from '../history/samples.ts'
import type { Stretch } from '../history/stretch.ts'
import { milliseconds, share } from '../parameters.ts'
import { check, type Finding } from './check.ts'
import { tenths } from './cost.ts'
import { indexes, notExercised, percent, some, time, worst } from './finding.ts'

const WITNESSES = 20
const LEAST = 100
const WINDOW_MS = 1_000
const ROUNDS = 1_000
/** ours */
const OTHERS_MOST = 0.2
const USUAL = 0.9
const TAIL = 2

export const cheapRefusal = check({
  code: 'A16',
  title: 'A refusal is quick and costs little',
  why: 'A limiter exists for the moment when there is more than the server can do. One that is dear makes that moment worse.',
  remedy: {
    control: 'admission',
    do: 'Refuse before the work: authenticate from a cache, ask the limiter in one round trip, answer without building the tool’s answer.',
    runbook: 'RATE_LIMITED',
  },
  source: 'SRE ch. 21, "Handling Overload"; the limits are ours',
  sort: 'statistical',
  needs: ['responses'],
  ofAllAgents: true,
  limits: { latencyMs: milliseconds(50), cpuShare: share(0.25), cpuFloorMs: milliseconds(1) },
  judge(history, { latencyMs, ...cpu }) {
    const refusals = history.calls.filter((call) => isRefusal(call) && call.phase !== 'warm-up' && call.endedAtMs !== undefined)
    if (refusals.length < LEAST) return notExercised(`${some(refusals.length, 'call')} refused: too few to time`)
    const logged = refusals.every(({ server }) => server?.durationMs !== undefined)
    const limitMs = Math.round(logged ? latencyMs : latencyMs + wayMs(history))
    const speed = speedOf(refusals, limitMs, history.plan.seed)
    const price = priceOf(history, cpu)
    const halves = price ? [speed, price] : [speed]
    const finding = worst(halves)
    const slow = refusals.filter((call) => timeInside(call) > limitMs).sort((a, b) => timeInside(b) - timeInside(a))
    return {
      ...finding,
      timed: price?.status !== 'fail',
      samples: refusals.length,
      says: halves.map(({ says }) => says).join('; '),
      witnesses: indexes((slow.length > 0 ? slow : refusals).slice(0, finding.status === 'fail' ? WITNESSES : 0)),
    }
  },
})

type Half = Pick<Finding, 'status' | 'measured' | 'limit' | 'unit' | 'interval' | 'says'>

/** @param refusals ended ones, at least one */
function speedOf(refusals: readonly Call[], limitMs: number, seed: number): Half {
  const times = refusals.map(timeInside)
  const [usual, p99] = [quantileOf(times, USUAL), quantileOf(times, 0.99)]
  const seconds = Map.groupBy(refusals, ({ sentAtMs }) => Math.floor(sentAtMs / WINDOW_MS))
  const inTime = [...seconds]
    .sort(([a], [b]) => a - b)
    .map(([, own]): Tally => ({ good: own.filter((call) => timeInside(call) <= limitMs).length, planned: own.length }))
  const [least, most] = shareInterval(inTime, seed) ?? [0, 1]
  const tail = least >= USUAL && p99 > TAIL * limitMs
  const across = least < USUAL && most >= USUAL
  const range = across ? ` (within ${time(limitMs)} came ${percent(least)} to ${percent(most)})` : ''
  return {
    status: most < USUAL ? 'fail' : across || tail ? 'unknown' : 'pass',
    measured: tail ? p99 : usual,
    limit: tail ? TAIL * limitMs : limitMs,
    unit: 'ms',
    says: `nine in ten of ${some(refusals.length, 'refusal')} took at most ${time(usual)}${range}, p99 is ${time(p99)}`,
  }
}

/** @returns undefined where too little is known of the CPU */
function priceOf(history: History, { cpuShare: limit, cpuFloorMs }: { cpuShare: number; cpuFloorMs: number }): Half | undefined {
  const cost = refusalCost(history)
  if (cost === undefined) return undefined
  const [least, most] = cost.interval
  const isDear = (share: number) => share > limit && share * cost.answerMs > cpuFloorMs
  const strange = isDear(least) && otherTools(history) > OTHERS_MOST
  return {
    status: isDear(least) && !strange ? 'fail' : isDear(most) ? 'unknown' : 'pass',
    measured: cost.share,
    interval: cost.interval,
    limit,
    unit: 'of an answered call',
    says: `each costs ${percent(cost.share)} of an answered call's CPU (${percent(least)} to ${percent(most)} of ${tenths(cost.answerMs)} ms)${strange ? ', unless it was other tools than before that used it' : ''}`,
  }
}

/** By a budget, at the door, or for who asks: a 401 or 403 is as cheap, or a storm of them is an outage. */
function isRefusal({ class: is, credential, evidence: { status } }: Call): boolean {
  if (credential === 'unknown-key') return false
  return is === 'refused' || is === 'shed' || status === 401 || status === 403
}

/** How much of what was answered under stress was of other tools than in the steady phase: total variation, of 1. They may cost more. */
function otherTools(history: History): number {
  const answered = history.calls.filter((call) => call.role !== 'handshake' && call.endedAtMs !== undefined && !isRefusal(call))
  const sharesIn = (phase: Call['phase']) => {
    const inside = answered.filter((call) => call.phase === phase)
    return new Map([...Map.groupBy(inside, ({ tool }) => tool)].map(([tool, own]) => [tool, own.length / inside.length]))
  }
  const before = sharesIn('steady')
  return [...sharesIn('stress')].reduce((sum, [tool, share]) => sum + Math.max(0, share - (before.get(tool) ?? 0)), 0)
}

interface Cost {
  share: number
  interval: [number, number]
  /** CPU of an answered call. */
  answerMs: number
}

/** One second of the run: the server's CPU and what it did for it. */
interface Second {
  cpuMs: number
  answered: number
  refused: number
}

function refusalCost(history: History): Cost | undefined {
  const steady = phaseOf(history, 'steady')
  if (!steady) return undefined
  const calm = secondsOf(history, steady)
  const busy = phasesOf(history, 'stress').flatMap((stress) => secondsOf(history, stress))
  const total = (seconds: readonly Second[], what: keyof Second) => seconds.reduce((sum, second) => sum + second[what], 0)
  if (total(calm, 'answered') < LEAST || total(busy, 'refused') < LEAST || total(calm, 'refused') > total(calm, 'answered') / 10)
    return undefined
  const costOf = (before: readonly Second[], during: readonly Second[]): number => {
    const answer = total(before, 'cpuMs') / total(before, 'answered')
    const refusal = (total(during, 'cpuMs') - answer * total(during, 'answered')) / total(during, 'refused')
    return Math.max(0, refusal) / answer
  }
  const unit = generatorOf(history.plan.seed)
  const drawn = (from: readonly Second[]) => from.map(() => from[Math.floor(unit() * from.length)] as Second)
  const shares = Array.from({ length: ROUNDS }, () => costOf(drawn(calm), drawn(busy))).filter(Number.isFinite)
  const answerMs = total(calm, 'cpuMs') / total(calm, 'answered')
  return { share: costOf(calm, busy), interval: [quantileOf(shares, 0.025), quantileOf(shares, 0.975)], answerMs }
}

function secondsOf(history: History, { fromMs, toMs }: Stretch): Second[] {
  const seconds = Array.from({ length: Math.floor((toMs - fromMs) / WINDOW_MS) }, () => ({ answered: 0, refused: 0 }))
  for (const call of history.calls) {
    const second = seconds[Math.floor(((call.endedAtMs ?? -1) - fromMs) / WINDOW_MS)]
    if (second) second[isRefusal(call) ? 'refused' : 'answered']++
  }
  return seconds.flatMap((second, n) => {
    const beganMs = fromMs + n * WINDOW_MS
    const cpuMs = cpuMsIn(history, { fromMs: beganMs, toMs: beganMs + WINDOW_MS })
    return cpuMs === undefined ? [] : [{ ...second, cpuMs }]
  })
}
