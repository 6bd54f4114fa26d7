// Gate G3: was the steady phase steady? Other phases are compared with it, so its two halves must agree in good ÷ planned
// and in p95, and nobody may have been refused unless the scenario says so. Warm-up is a phase of its own and not looked at.
//
// Limits: goodPoints, how far the halves' shares may be apart (default 0.05 of 1); latencyShare and latencyFloorMs, the same for
// p95 (default 0.15 of 1 + 20 ms); refusals, `none` or `allowed`; leastPlanned, planned calls each half must have (default 20).
// goodLeast, each role's share of good over the phase, once 10 were planned (default 0.95 of 1): errors that are always there pass
// every comparison. All ours. A p95 is compared only with 200 samples of a role on each side. Not modelled: slow trends within a half.
import type { Call } from '../history/event.ts'
import { quantileOf } from '../history/quantiles.ts'
import { goodIn, type Intent, intents, phaseOf, sentIn } from '../history/queries.ts'
import { isDuring, type Stretch } from '../history/stretch.ts'
import { choice, count, milliseconds, share } from '../parameters.ts'
import type { Phase } from '../plan/plan.ts'
import { check } from './check.ts'
import { indexes, percent, some, time, unknown } from './finding.ts'

const P95_SAMPLES = 200
const FLOOR_PLANNED = 10
const WITNESSES = 20

export const baselineSteady = check({
  code: 'G3',
  title: 'The steady phase was steady',
  why: 'Stress and recovery are compared with the steady phase. When that one wavers, the comparison measures noise.',
  remedy: {
    control: 'the scenario',
    do: 'Lengthen the warm-up, quieten the machine, or plan less load, so that the steady phase lies within what the server carries.',
  },
  source: 'ours; statistical rigour as in Georges et al., OOPSLA 2007',
  sort: 'gate',
  needs: ['responses'],
  limits: {
    goodPoints: share(0.05),
    latencyShare: share(0.15),
    latencyFloorMs: milliseconds(20),
    refusals: choice(['none', 'allowed'], 'none'),
    leastPlanned: count(20),
    goodLeast: share(0.95),
  },
  judge(history, limits) {
    const steady = phaseOf(history, 'steady')
    if (!steady) return unknown('the plan has no steady phase')
    const all = intents(history.calls)
    const middleMs = (steady.fromMs + steady.toMs) / 2
    const spans = [
      { fromMs: steady.fromMs, toMs: middleMs },
      { fromMs: middleMs, toMs: steady.toMs },
    ] as const
    const sent = sentIn(all, steady)
    const [first, second] = [goodIn(sent, spans[0]), goodIn(sent, spans[1])]
    const samples = first.planned + second.planned
    if (Math.min(first.planned, second.planned) < limits.leastPlanned)
      return unknown(`only ${some(samples, 'call')} planned in the steady phase: too few to tell whether it was steady`, { samples })
    const refused = all
      .filter(anyRefused)
      .flatMap(refusedOf)
      .filter(({ phase }) => phase === 'steady')
    const low = underFloor(all, steady, limits)
    const apart = Math.abs(first.share - second.share)
    const problems = [
      ...(apart > limits.goodPoints ? [`its halves differ: ${percent(first.share)} and ${percent(second.share)} good`] : []),
      ...low.map(({ text }) => text),
      ...latencyProblem(rolesOf(all), sent, spans, limits),
      ...(refused.length > 0 && limits.refusals === 'none' ? [`${some(refused.length, 'call')} refused in it`] : []),
    ]
    return {
      status: problems.length === 0 ? 'pass' : 'unknown',
      measured: apart,
      limit: limits.goodPoints,
      unit: 'of 1',
      samples,
      says: problems.length === 0 ? `its halves agree: ${percent(first.share)} and ${percent(second.share)} good` : problems.join('; '),
      witnesses: indexes([...low.flatMap(({ calls }) => calls), ...(limits.refusals === 'none' ? refused : [])].slice(0, WITNESSES)),
    }
  },
})

const TURNED_AWAY: ReadonlySet<string> = new Set(['refused', 'shed', 'queue', 'draining'])

function turnedAway(call: Call): boolean {
  return TURNED_AWAY.has(call.class)
}

function anyRefused({ first, retries }: Intent): boolean {
  return turnedAway(first) || retries.some(turnedAway)
}

/** Attempts that were turned away. */
function refusedOf({ first, retries }: Intent): Call[] {
  return [first, ...retries].filter(turnedAway)
}

/** Roles that hardly worked; refusals that the scenario allows are left out of them. */
function underFloor(
  all: readonly Intent[],
  steady: Phase,
  { goodLeast, refusals }: { goodLeast: number; refusals: string },
): { text: string; calls: Call[] }[] {
  const excused = (intent: Intent) => refusals === 'allowed' && !intent.good && anyRefused(intent)
  const looked = all.filter((intent) => intent.first.phase === steady.name && !intent.straddles && !excused(intent))
  return [...Map.groupBy(looked, ({ first }) => first.role)].flatMap(([role, planned]) => {
    const calls = planned.filter(({ good }) => !good).map(({ first }) => first)
    const reached = 1 - calls.length / planned.length
    if (planned.length < FLOOR_PLANNED || reached >= goodLeast) return []
    const [most] = [...Map.groupBy(calls, badnessOf)].sort((a, b) => b[1].length - a[1].length)
    return [{ text: `only ${percent(reached)} of ${role} was good; most failed as ${most?.[0]}`, calls: most?.[1] ?? calls }]
  })
}

/** A call that was served and yet not good was wrong, or late. */
function badnessOf({ class: is, evidence }: Call): string {
  if (is !== 'served') return is
  return evidence.correct === false ? 'wrong' : 'late'
}

/** In the order in which they were first asked for. */
function rolesOf(all: readonly Intent[]): Set<Call['role']> {
  const roles = new Set<Call['role']>()
  for (const { first } of all) roles.add(first.role)
  return roles
}

/** Roles are compared one by one: their mix is drawn, and would move a common p95 by itself. */
function latencyProblem(
  roles: ReadonlySet<Call['role']>,
  sent: readonly Intent[],
  halves: readonly [Stretch, Stretch],
  limits: { latencyShare: number; latencyFloorMs: number },
): string[] {
  const byRole = Map.groupBy(sent, ({ first }) => first.role)
  return [...roles].flatMap((role) => {
    const own = byRole.get(role) ?? []
    const [before, after] = halves.map((half) => latencies(own, half)) as [number[], number[]]
    if (Math.min(before.length, after.length) < P95_SAMPLES) return []
    const [one, two] = [quantileOf(before, 0.95), quantileOf(after, 0.95)]
    const allowedMs = Math.min(one, two) * limits.latencyShare + limits.latencyFloorMs
    return Math.abs(one - two) > allowedMs ? [`p95 of ${role} moved from ${time(one)} to ${time(two)}`] : []
  })
}

function latencies(own: readonly Intent[], half: Stretch): number[] {
  return own.flatMap(({ first }) => {
    const inside = isDuring(half, first.sentAtMs)
    return inside && first.outcome === 'ok' && first.endedAtMs !== undefined ? [first.endedAtMs - first.plannedAtMs] : []
  })
}
