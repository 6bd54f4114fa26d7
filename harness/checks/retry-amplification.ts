// A3: a call of an agent reaches what the server depends on about once. A server that retries by itself multiplies the load
// at the very moment when the dependency is failing; three layers that try three times each make twenty-seven.
//
// Limits: ratio, attempts a call under stress ÷ in the steady phase (default 1.1, SRE ch. 21) plus floor (default 0.1 attempts a
// call, ours); eachMost, attempts of one call (default 3, gRPC A6; times what its tool makes of one in the steady phase, p95: pages are as
// many as there are), where the dependency sees which call it was. The personas' own retries are calls of their own, so
// they are not counted here. Where nothing tells whose an attempt was, a probe or a pool that fills itself
// knocks as well: more than one for each call that was tried, and not for each that asked, is unknown. So is what comes in nobody's name
// where the others name their call, once it is more than in the steady phase and with the others more than one for each call that asked.
// Keys of an identity provider are kept for all calls: keysPerSecond, looks of an instance however many keys nobody has (5, ours: a changed
// key is to be known within a second; libraries look every 6 s, jwks-rsa, to 30 s, jose). Not modelled: retries inside the dependency.
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { needing } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { quantileOf } from '../history/quantiles.ts'
import { attemptsAt, phaseOf, phasesOf, refusedBefore } from '../history/queries.ts'
import { isDuring } from '../history/stretch.ts'
import { count, perSecond, ratio } from '../parameters.ts'
import type { Phase } from '../plan/plan.ts'
import { check, type Finding } from './check.ts'
import { indexes, notExercised, some, unknown, worst } from './finding.ts'
import { keySetAsked } from './key-set-asked.ts'

const WITNESSES = 20
const LEAST = 20

interface Limits {
  ratio: number
  floor: number
  eachMost: number
}

export const retryAmplification = check({
  code: 'A3',
  title: 'The server does not multiply the calls of its agents',
  why: 'Agents retry, models retry. A server that retries as well turns one intent into dozens of attempts, when there is least room for them.',
  remedy: {
    control: 'upstream',
    do: 'Try once; retry only what is safe, at most once more, within a budget of retries for the whole server, never while the breaker counts failures.',
    runbook: 'DEPENDENCY_UNAVAILABLE',
  },
  source: 'SRE ch. 21, "Deciding to Retry"; gRPC proposal A6; OpenID Connect Core §10.1.1 and evoila/meho#3484 (keys); the floor is ours',
  sort: 'statistical',
  comparesWithBaseline: true,
  needs: ['responses'],
  ofAllAgents: true,
  limits: {
    ratio: ratio(1.1, { from: 1, to: 100 }),
    floor: ratio(0.1, { from: 0, to: 100 }),
    eachMost: count(3, { from: 1, to: 100 }),
    keysPerSecond: perSecond(5),
  },
  judge(history, limits) {
    const broken = new Set(
      faultsOf(history).flatMap(({ dependency }) => (dependency === undefined || dependency === 'server' ? [] : [dependency])),
    )
    const keys = keySetAsked(history, limits.keysPerSecond)
    const others = [...broken].flatMap((dependency) => judgeDependency(history, dependency, limits) ?? [])
    const found = [...(keys ? [keys] : []), ...others]
    if (found.length === 0) return notExercised('no attempt at what the faults break could be counted')
    return worst(found)
  },
})

function judgeDependency(history: History, dependency: string, limits: Limits): Finding | undefined {
  const steady = phaseOf(history, 'steady')
  const knocks = attemptsAt(history, dependency)
  if (!steady || knocks.length === 0) return undefined
  const asked = needing(history, dependency)
  const ids = new Set(asked.map(({ call }) => call))
  const named = knocks.filter(({ call }) => call !== undefined && ids.has(call))
  // Where the server usually names the call, what is in nobody's name is a health check of its own.
  const names = 2 * within(named, [steady]) > within(knocks, [steady])
  const attempts = names ? named : knocks
  const made = Map.groupBy(knocks, ({ call }) => call)
  const inSteady = each(attempts, made, asked, [steady])
  const inStress = each(attempts, made, asked, phasesOf(history, 'stress'))
  const limit = limits.ratio * inSteady.perCall + limits.floor
  const shown = { measured: inStress.perCall, limit, unit: `attempts at ${dependency} a call`, samples: inStress.calls.length }
  const many = tooMany(made, history.calls, inSteady.calls, limits.eachMost)
  const rates = `${rounded(inStress.perCall)} attempts at ${dependency} a call under stress, ${rounded(inSteady.perCall)} before`
  const [most] = many
  if (most)
    return {
      ...shown,
      measured: most.made,
      limit: most.allowed,
      unit: 'attempts of one call',
      status: 'fail',
      says: `${some(many.length, 'call')} became more than ${some(most.allowed, 'attempt')} at ${dependency} each, the worst ${most.made}; ${rates}`,
      witnesses: indexes(many.flatMap(({ call }) => call ?? []).slice(0, WITNESSES)),
    }
  if (inStress.calls.length < LEAST || inSteady.calls.length < LEAST) return unknown(`${rates}: too few calls to compare`, shown)
  // A warm pool makes no connection, a kept answer no request, and neither lasts through an outage: only more than one a call is too many.
  const allowed = Math.max(limit, 1 + limits.floor)
  const stresses = phasesOf(history, 'stress')
  const asking = asked.filter(({ sentAtMs }) => isInOne(stresses, sentAtMs))
  const nameless = within(knocks, stresses) - inStress.made
  const usual = (within(knocks, [steady]) - inSteady.made) * (lengthOf(stresses) / lengthOf([steady]))
  if (inStress.perCall <= allowed && nameless > usual && inStress.made + nameless - usual > allowed * asking.length)
    return unknown(`${rates}, and ${nameless} in nobody's name: whether calls became those cannot be told`, { ...shown, limit: allowed })
  if (inStress.perCall <= allowed) return { ...shown, limit: allowed, status: 'pass', says: rates }
  if (!names && inStress.made <= allowed * asking.length)
    return unknown(`${rates}, with ${some(asking.length, 'call')} that asked for it: who else asked cannot be told`, {
      ...shown,
      limit: allowed,
    })
  return {
    ...shown,
    limit: allowed,
    status: 'fail',
    says: `${rates}; allowed are ${rounded(allowed)}`,
    witnesses: indexes(inStress.calls.slice(0, WITNESSES)),
  }
}

interface Many {
  /** Absent: its line is missing. */
  call?: Call
  made: number
  allowed: number
}

type Attempts = ReturnType<typeof attemptsAt>

/** By the call that they came of, where that is known. */
type Made = ReadonlyMap<string | undefined, Attempts>

/** Calls that became more attempts than `eachMost` times what their tool usually makes of one: some ask more than once by design. */
function tooMany(made: Made, calls: readonly Call[], steady: readonly Call[], eachMost: number): Many[] {
  const several = [...made].filter(([id, own]) => id !== undefined && own.length > eachMost)
  if (several.length === 0) return []
  const byTool = Map.groupBy(steady, ({ tool }) => tool)
  const usual = new Map([...byTool].map(([tool, own]) => [tool, own.flatMap(({ call }) => made.get(call)?.length ?? [])]))
  const usually = (each: readonly number[] = []) => (each.length < LEAST ? 1 : Math.ceil(quantileOf(each, 0.95)))
  const byId = new Map(calls.flatMap((call) => ((made.get(call.call)?.length ?? 0) > eachMost ? [[call.call, call] as const] : [])))
  const found = several.flatMap(([id = '', own]): Many[] => {
    const call = byId.get(id)
    const allowed = eachMost * usually(usual.get(call?.tool ?? ''))
    return own.length > allowed ? [{ ...(call && { call }), made: own.length, allowed }] : []
  })
  return found.sort((a, b) => b.made / b.allowed - a.made / a.allowed)
}

/** Turned away for other reasons before the dependency is asked for. */
const TURNED_AWAY: ReadonlySet<string> = new Set(['shed', 'draining', 'queue'])

function each(
  attempts: Attempts,
  tried: Made,
  asked: readonly Call[],
  phases: readonly Phase[],
): { perCall: number; made: number; calls: Call[] } {
  // Every attempt says of which call it came, so that none stands for a call that is not named.
  const told = attempts.every(({ call }) => call !== undefined)
  // Refused before anything was tried, unless an attempt tells otherwise: by a budget, or by an open breaker.
  const before = (call: Call) =>
    refusedBefore(call) || TURNED_AWAY.has(call.class) || (call.class === 'dependency' && (told || call.evidence.status === 503))
  const calls = asked.filter((call) => isInOne(phases, call.sentAtMs) && (!before(call) || tried.has(call.call)))
  const made = within(attempts, phases)
  return { perCall: calls.length === 0 ? 0 : made / calls.length, made, calls }
}

function within(attempts: Attempts, phases: readonly Phase[]): number {
  return attempts.filter(({ atMs }) => isInOne(phases, atMs)).length
}

function lengthOf(phases: readonly Phase[]): number {
  return phases.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)
}

function isInOne(phases: readonly Phase[], atMs: number): boolean {
  return phases.some((phase) => isDuring(phase, atMs))
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}
