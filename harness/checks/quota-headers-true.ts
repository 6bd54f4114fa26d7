// A25: what RateLimit says is true. Policy by policy, over calls that do not overlap: what remains is never negative, falls by no more than
// the calls made in between, and rises no faster than the policy refills; and a refusal by a rate reports the budget that is spent, not one
// that has room. (RateLimit: "name";r=remaining;t=reset; RateLimit-Policy: "name";q=quota;w=window, whole seconds.)
//
// A budget is an agent's own, unless all that was said of it fits one that it has for each tool, or that its tenant's
// agents, or all agents, spend together. What is compared was counted in the same place (quota-readings.ts).
// No limits: one false header is a fail. Looked at are only headers; a target that sends none is not exercised.
// Not modelled: several items in one RateLimit (each is looked at by its name); the truth of t.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { ascending, countBelow } from '../history/sorted.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'
import { type Reading, readings } from './quota-readings.ts'

const WITNESSES = 20
/** A count is rounded down on one side and up on the other. */
const ROUNDING = 1

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
    const alone = said.flatMap((reading) => flawAlone(reading) ?? [])
    const policies = [...Map.groupBy(said, ({ policy }) => policy).values()]
    const charged = new Charged(history)
    const flaws = [...alone, ...policies.flatMap((list) => flawsOfPolicy(charged, list))]
    const kinds = [...Map.groupBy(flaws, ({ flaw }) => flaw)].map(([flaw, calls]) => `${calls.length} ${flaw}`)
    return {
      status: flaws.length === 0 ? 'pass' : 'fail',
      measured: flaws.length,
      limit: 0,
      unit: 'false headers',
      samples,
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
  if (isRefusedByRate(call) && !spent) return { call, flaw: 'of a budget with room, on a refusal' }
  return undefined
}

type Owner = (call: Call) => string

/** Whose budget it may be: the first under which everything fits, else the agent's own. */
const OWNERS: readonly Owner[] = [({ agent }) => agent, ({ agent, tool }) => `${agent}\n${tool}`, ({ tenant }) => tenant, () => '']

function flawsOfPolicy(charged: Charged, said: readonly Reading[]): Flaw[] {
  const own = flawsBetween(charged, said, OWNERS[0] as Owner)
  if (own.length === 0) return own
  return OWNERS.slice(1).some((owner) => flawsBetween(charged, said, owner).length === 0) ? [] : own
}

/** What two headers that follow one another say wrongly together. */
function flawsBetween(charged: Charged, said: readonly Reading[], owner: Owner): Flaw[] {
  const budgets = Map.groupBy(
    said.filter(({ place, remaining }) => place !== undefined && remaining >= 0),
    ({ call, place }) => `${owner(call)}\n${place}`,
  )
  const byOwner = charged.by(owner)
  return [...budgets].flatMap(([, list]) => {
    const ends = list.map(({ call }) => call.endedAtMs ?? 0)
    const underWay = byOwner.get(owner((list[0] as Reading).call)) as UnderWay
    return list.flatMap((reading) => flawOf(reading, list[countBelow(ends, reading.call.sentAtMs, true) - 1], underWay) ?? [])
  })
}

/** @param before the last one that had been told when this call left */
function flawOf({ call, remaining, quota }: Reading, before: Reading | undefined, underWay: UnderWay): Flaw | undefined {
  const from = before?.call
  if (!before || !from) return undefined
  // The first of the two was charged before it was answered; the second is among those between.
  const between = underWay.during(from.sentAtMs, call.endedAtMs ?? 0) - 1
  if (remaining < before.remaining - between - ROUNDING) return { call, flaw: 'that fell by more than the calls made' }
  // A window is told in whole seconds: one of a second may be much shorter.
  if (!quota || quota.w <= 1) return undefined
  const refilled = (((call.endedAtMs ?? 0) - from.sentAtMs) / 1_000) * ((quota.q + ROUNDING) / (quota.w - ROUNDING))
  return remaining > before.remaining + refilled + ROUNDING ? { call, flaw: 'that rose faster than its policy refills' } : undefined
}

function isRefusedByRate({ class: is, budget, evidence: { status } }: Call): boolean {
  return status === 429 && is === 'refused' && budget !== 'concurrency'
}

/** All calls by whose budget they may have been charged to; the same for every policy. */
class Charged {
  readonly #calls: readonly Call[]
  readonly #known = new Map<Owner, ReadonlyMap<string, UnderWay>>()

  constructor({ calls }: History) {
    this.#calls = calls
  }

  by(owner: Owner): ReadonlyMap<string, UnderWay> {
    const found = this.#known.get(owner) ?? new Map([...Map.groupBy(this.#calls, owner)].map(([whose, own]) => [whose, new UnderWay(own)]))
    this.#known.set(owner, found)
    return found
  }
}

/** Calls that may have been charged to one budget, so that those under way in a stretch are counted without looking at all of them. */
class UnderWay {
  readonly #begun: Float64Array
  readonly #over: Float64Array

  constructor(own: readonly Call[]) {
    const calls = own.filter(({ role }) => role !== 'handshake')
    this.#begun = ascending(calls, ({ sentAtMs }) => sentAtMs)
    this.#over = ascending(calls, ({ endedAtMs = Number.POSITIVE_INFINITY }) => endedAtMs)
  }

  during(fromMs: number, toMs: number): number {
    return countBelow(this.#begun, toMs, true) - countBelow(this.#over, fromMs)
  }
}
