// A25: what RateLimit says is true. Policy by policy, over calls that do not overlap: what remains is never negative, falls by no more
// than the calls made in between, and rises no faster than the policy refills (quota-refill.ts); a reset lies no two windows away (a date,
// or milliseconds), but for who is shut out; and a refusal by a rate reports the budget that is spent, not one that has room. (RateLimit:
// "name";r=remaining;t=reset; RateLimit-Policy: "name";q=quota;w=window, whole seconds.)
//
// A budget is an agent's own, unless all that was said of it fits one that it has for each tool, or that its tenant's agents, or all
// agents, spend together. What is compared was counted in the same place (quota-readings.ts). A server may weigh its calls: where those of
// a tool took more than one each as a habit (half of them, and ten; ours), falls of that policy are unknown, and so is a refusal with
// less left than such a call takes. So is room on a refusal that names neither a budget nor a rate (it may be of calls at once, told as
// 429), and a budget that never falls, though more is served than was left.
// No limits: one false header is a fail. Not modelled: several items in one RateLimit (each is looked at by its name); a t that is false
// by less; what is given back for calls that failed.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { type Owner, ofAgent, type UnderWay, underWayWithHandshakes } from '../history/in-flight.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { wordsOf } from '../history/words.ts'
import { check } from './check.ts'
import { indexes, notExercised, some, unknown } from './finding.ts'
import { type Reading, readings } from './quota-readings.ts'
import { isTooSoon, neverFell, ROUNDING } from './quota-refill.ts'

const WITNESSES = 20
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
    const policies = [...Map.groupBy(said, ({ policy }) => policy).values()].map((list) => flawsOfPolicy(history, list))
    const found = [...policies.flatMap(({ alone }) => alone), ...policies.flatMap(({ between }) => between)]
    const flaws = found.filter(({ perhaps }) => perhaps === undefined)
    const shown = { measured: flaws.length, limit: 0, unit: 'false headers', samples }
    const [doubt] = found
    if (flaws.length === 0 && doubt?.perhaps !== undefined) return unknown(doubt.perhaps, { ...shown, witnesses: indexes([doubt.call]) })
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
  /** How much it fell. */
  fell?: number
  /** It need be none: why nobody knows. */
  perhaps?: string
}

const WEIGHED = 'calls of a tool take more than one of their budget each, as a habit: whether they cost so much is not told'
const UNNAMED = 'calls were refused with 429 while a budget had room, and it is not told which limit refused them'

/** What one header says wrongly by itself. @param cost of a call of its tool, where it took more than one as a habit */
function flawAlone({ call, remaining, spent, quota, resetS = 0 }: Reading, cost = 0): Flaw | undefined {
  if (Number.isNaN(remaining)) return { call, flaw: 'without what remains' }
  if (remaining < 0) return { call, flaw: 'below nothing' }
  // What slides is whole again after two windows at most.
  if (call.class === 'served' && quota && resetS > 2 * quota.w + ROUNDING) return { call, flaw: 'whose reset lies far beyond its window' }
  if (!isRefusedByRate(call) || spent) return undefined
  const perhaps = remaining < cost ? WEIGHED : call.budget === undefined && !RATE.test(wordsOf(call.evidence)) ? UNNAMED : undefined
  return { call, flaw: 'of a budget with room, on a refusal', ...(perhaps !== undefined && { perhaps }) }
}

/** In its words or its code, by whatever spelling. */
const RATE = /rate[ _-]?limit|quota/i

/** Whose budget it may be, where it is not the agent's own: the first under which everything fits. */
const OTHERS: readonly Owner[] = [({ agent, tool }) => `${agent}\n${tool}`, ({ tenant }) => tenant, () => '']

function flawsOfPolicy(history: History, said: readonly Reading[]): { alone: Flaw[]; between: Flaw[] } {
  const own = flawsBetween(history, said, ofAgent)
  const found = own.length > 0 && OTHERS.some((owner) => flawsBetween(history, said, owner).length === 0) ? [] : own
  const costs = costsIn(found, said)
  const alone: Flaw[] = []
  for (const reading of said) {
    const flaw = flawAlone(reading, costs.get(reading.call.tool))
    if (flaw) alone.push(flaw)
  }
  return { alone, between: costs.size === 0 ? found : found.map((one) => (one.fell === undefined ? one : { ...one, perhaps: WEIGHED })) }
}

/** Tools of which so many calls took more than one that it is what they cost; and the most that one took. */
function costsIn(flaws: readonly Flaw[], said: readonly Reading[]): Map<string, number> {
  const fell = Map.groupBy(
    flaws.filter((flaw) => flaw.fell !== undefined),
    ({ call }) => call.tool,
  )
  return new Map(
    [...fell].flatMap(([tool, own]) => {
      const all = said.filter(({ call }) => call.tool === tool).length
      const isHabit = own.length >= HABIT_LEAST && own.length >= HABIT_SHARE * all
      return isHabit ? [[tool, own.reduce((most, { fell = 0 }) => Math.max(most, fell), 0)] as const] : []
    }),
  )
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
function flawOf(reading: Reading, before: Reading, charged: UnderWay): Flaw | undefined {
  const { call, remaining } = reading
  const least = before.remaining - ROUNDING
  // Looked for only where it is asked: it is dear.
  const between = () => charged.during(before.call.sentAtMs, call.endedAtMs ?? 0)
  // The first of the two was charged before it was answered; the second is among those between.
  if (remaining < least && remaining < least - (between() - 1))
    return { call, flaw: 'that fell by more than the calls made', fell: before.remaining - remaining }
  return isTooSoon(reading, before, charged) ? { call, flaw: 'that rose faster than its policy refills' } : undefined
}

function isRefusedByRate({ class: is, budget, evidence: { status } }: Call): boolean {
  return status === 429 && is === 'refused' && budget !== 'concurrency'
}
