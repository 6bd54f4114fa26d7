// A25: what RateLimit says is true. Policy by policy, over calls that do not overlap: what remains is never negative, falls by no more
// than the calls made in between, and rises no faster than the policy refills, unless what it said of its reset (t) is over, or it said
// nothing of that and all is there again; and a refusal by a rate reports the budget that is spent, not one that has room. (RateLimit:
// "name";r=remaining;t=reset; RateLimit-Policy: "name";q=quota;w=window, whole seconds.)
//
// A budget is an agent's own, unless all that was said of it fits one that it has for each tool, or that its tenant's
// agents, or all agents, spend together. What is compared was counted in the same place (quota-readings.ts). A server may weigh its calls:
// where those of a tool took more than one each as a habit (half of them, and ten; ours), falls of that policy are unknown, and so is what
// is left on a refusal, which may be less than the call costs; so is a budget that never falls, though more is served than was left
// (quota-refill.ts).
// No limits: one false header is a fail. Looked at are only headers; a target that sends none is not exercised.
// Not modelled: several items in one RateLimit (each is looked at by its name); the truth of t.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { type Owner, ofAgent, type UnderWay, underWayWithHandshakes } from '../history/in-flight.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { check } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'
import { type Reading, readings } from './quota-readings.ts'
import { neverFell, ROUNDING, refill } from './quota-refill.ts'

const WITNESSES = 20
const FELL = 'that fell by more than the calls made'
const ROOM = 'of a budget with room, on a refusal'
const HABIT_SHARE = 0.5
const HABIT_LEAST = 10

export const quotaHeadersTrue = check({
  code: 'A25',
  title: 'RateLimit headers tell the truth',
  why: 'An agent that reads what is left can slow down before it is refused. Told of the wrong budget, it runs into the wall at full speed.',
  remedy: {
    control: 'admission',
    do: 'Report the budget that refused, else the one with the smallest share left, from the same step that charged it.',
    runbook: 'RATE_LIMITED',
  },
  source: 'draft-ietf-httpapi-ratelimit-headers-10',
  sort: 'exact',
  needs: ['responses'],
  ofAllAgents: true,
  limits: {},
  judge(history) {
    const said = readings(history)
    const samples = said.length
    if (samples === 0) return notExercised('no answer had a RateLimit header')
    const policies = [...Map.groupBy(said, ({ policy }) => policy).values()].map((list) => {
      const alone = list.flatMap((reading) => flawAlone(reading) ?? [])
      const found = flawsOfPolicy(history, list)
      return { found: [...alone, ...found], weighs: isHabit(found, list) }
    })
    const flaws = policies.flatMap(({ found, weighs }) => (weighs ? found.filter(({ flaw }) => flaw !== FELL && flaw !== ROOM) : found))
    const shown = { measured: flaws.length, limit: 0, unit: 'false headers', samples }
    if (flaws.length === 0 && policies.some(({ found }) => found.length > 0))
      return unknown('calls of a tool take more than one of their budget each, as a habit: whether they cost so much is not told', shown)
    const free = neverFell(said)
    if (flaws.length === 0 && free)
      return unknown(
        'what remains never fell, though more calls were served than were left: either they cost nothing, or nothing is counted',
        {
          ...shown,
          witnesses: indexes([free]),
        },
      )
    const kinds = [...Map.groupBy(flaws, ({ flaw }) => flaw)].map(([flaw, calls]) => `${calls.length} ${flaw}`)
    return {
      status: flaws.length === 0 ? 'pass' : 'fail',
      ...shown,
      says:
        flaws.length === 0
          ? `all ${some(samples, 'RateLimit header')} were true`
          : `${flaws.length} of ${some(samples, 'RateLimit header')} were false: ${kinds.join(', ')}`,
      witnesses: indexes(flaws.map(({ call }) => call).slice(0, WITNESSES)),
    }
  },
})

interface Flaw {
  call: Call
  flaw: string
}

/** What one header says wrongly by itself. */
function flawAlone({ call, remaining, spent }: Reading): Flaw | undefined {
  if (Number.isNaN(remaining)) return { call, flaw: 'without what remains' }
  if (remaining < 0) return { call, flaw: 'below nothing' }
  if (isRefusedByRate(call) && !spent) return { call, flaw: ROOM }
  return undefined
}

/** Whose budget it may be, where it is not the agent's own: the first under which everything fits. */
const OTHERS: readonly Owner[] = [({ agent, tool }) => `${agent}\n${tool}`, ({ tenant }) => tenant, () => '']

function flawsOfPolicy(history: History, said: readonly Reading[]): Flaw[] {
  const own = flawsBetween(history, said, ofAgent)
  if (own.length === 0) return own
  return OTHERS.some((owner) => flawsBetween(history, said, owner).length === 0) ? [] : own
}

/** So many calls of one tool took more than one that it is what they cost. */
function isHabit(flaws: readonly Flaw[], said: readonly Reading[]): boolean {
  const fell = Map.groupBy(
    flaws.filter(({ flaw }) => flaw === FELL),
    ({ call }) => call.tool,
  )
  return [...fell].some(([tool, { length }]) => {
    const all = said.filter(({ call }) => call.tool === tool).length
    return length >= HABIT_LEAST && length >= HABIT_SHARE * all
  })
}

/** What two headers that follow one another say wrongly together. */
function flawsBetween(history: History, said: readonly Reading[], owner: Owner): Flaw[] {
  // A limit on the whole endpoint counts handshakes as well: whether it should is asked elsewhere (handshake-free).
  const byOwner = underWayWithHandshakes(history, owner)
  const flaws: Flaw[] = []
  for (const { whose, list } of budgetsOf(said, owner)) {
    const charged = byOwner.get(whose) as UnderWay
    const ends = ascending(list, ({ call }) => call.endedAtMs ?? 0)
    for (const reading of list) {
      const before = list[countBelow(ends, reading.call.sentAtMs, true) - 1]
      const flaw = before && flawOf(reading, before, charged)
      if (flaw) flaws.push(flaw)
    }
  }
  return flaws
}

interface Budget {
  whose: string
  list: Reading[]
}

/** Readings of one budget in one place, in the order of their answers. */
function budgetsOf(said: readonly Reading[], owner: Owner): Budget[] {
  const byPlace = new Map<string, Map<string, Budget>>()
  const budgets: Budget[] = []
  for (const reading of said) {
    const { call, place, remaining } = reading
    if (place === undefined || !(remaining >= 0)) continue
    const own = byPlace.get(place) ?? new Map<string, Budget>()
    if (own.size === 0) byPlace.set(place, own)
    const whose = owner(call)
    const budget = own.get(whose) ?? { whose, list: [] }
    if (budget.list.push(reading) > 1) continue
    own.set(whose, budget)
    budgets.push(budget)
  }
  return budgets
}

/** @param before the last one that had been told when this call left */
function flawOf({ call, remaining, quota }: Reading, before: Reading, charged: UnderWay): Flaw | undefined {
  const from = before.call
  const least = before.remaining - ROUNDING
  // Looked for only where it is asked: it is dear.
  const between = () => charged.during(from.sentAtMs, call.endedAtMs ?? 0)
  // The first of the two was charged before it was answered; the second is among those between.
  if (remaining < least && remaining < least - (between() - 1)) return { call, flaw: FELL }
  // A window that is over gives all back at once, a sliding one what it was asked at once. Rounded up, it may be over a second sooner.
  if (before.resetS !== undefined && from.sentAtMs + (before.resetS - ROUNDING) * 1_000 <= (call.endedAtMs ?? 0)) return undefined
  // A window is told in whole seconds: one of a second may be much shorter.
  if (!quota || quota.w <= 1) return undefined
  // It did not say when: all of it may be there again, less what was asked since.
  if (before.resetS === undefined && remaining >= quota.q - between()) return undefined
  const refilled = refill(quota, (call.endedAtMs ?? 0) - from.sentAtMs)
  return remaining > before.remaining + refilled + ROUNDING ? { call, flaw: 'that rose faster than its policy refills' } : undefined
}

function isRefusedByRate({ class: is, budget, evidence: { status } }: Call): boolean {
  return status === 429 && is === 'refused' && budget !== 'concurrency'
}
