// A25: what RateLimit says is true. Policy by policy, over an agent's calls that do not overlap: what remains is never negative, falls by
// no more than the calls made in between, and rises no faster than the policy refills; and a refusal by a rate reports the budget that is
// spent, not one that has room. (RateLimit: "name";r=remaining;t=reset; RateLimit-Policy: "name";q=quota;w=window.)
//
// No limits: one false header is a fail. Looked at are only headers; a target that sends none is not exercised.
// Not modelled: partitioned quotas (pk), several items in one RateLimit (each is looked at by its name); the truth of t.
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import { countBelow } from '../history/sorted.ts'
import { check } from './check.ts'
import { indexes, notExercised, some } from './finding.ts'

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
  limits: {},
  judge(history) {
    const said = [...Map.groupBy(readings(history), ({ call, policy }) => `${call.agent}\n${policy}`).values()]
    const charged = new Map([...Map.groupBy(history.calls, ({ agent }) => agent)].map(([agent, own]) => [agent, new UnderWay(own)]))
    const samples = said.reduce((sum, list) => sum + list.length, 0)
    if (samples === 0) return notExercised('no answer had a RateLimit header')
    const flaws = said.flatMap((list) => list.flatMap((reading, n) => flawOf(reading, list[n - 1], charged.get(reading.call.agent)) ?? []))
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

interface Reading {
  call: Call
  policy: string
  remaining: number
  /** Some policy of the same header has nothing left. */
  spent: boolean
  /** Of the policy: quota and its window, s; absent when it was not told. */
  quota?: { q: number; w: number }
}

/** In the order of their answers. */
function readings({ calls }: History): Reading[] {
  const read = new Headers()
  return calls
    .filter(({ evidence, endedAtMs, role }) => evidence.rateLimit !== undefined && endedAtMs !== undefined && role !== 'handshake')
    .sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
    .flatMap((call) => {
      const policies = read.items(call.evidence.rateLimitPolicy ?? '')
      const told = read.items(call.evidence.rateLimit ?? '')
      const spent = told.some(([, { r }]) => r === 0)
      return told.map(([policy, { r }]): Reading => {
        const { q, w } = policies.find(([name]) => name === policy)?.[1] ?? {}
        return { call, policy, remaining: r ?? Number.NaN, spent, ...(q !== undefined && w !== undefined && { quota: { q, w } }) }
      })
    })
}

type Items = [string, Record<string, number>][]

/** A server says the same few headers again and again: each is taken apart once. */
class Headers {
  readonly #known = new Map<string, Items>()

  items(header: string): Items {
    const known = this.#known.get(header) ?? itemsOf(header)
    this.#known.set(header, known)
    return known
  }
}

/** `"agent";r=3;t=5, "day";r=90` → names with their numbers. */
function itemsOf(header: string): Items {
  return [...header.matchAll(/"([^"]+)"((?:\s*;\s*[a-z]+=-?[\d.]+)*)/g)].map(([, name = '', rest = '']) => [
    name,
    Object.fromEntries([...rest.matchAll(/([a-z]+)=(-?[\d.]+)/g)].map(([, key, value]) => [key, Number(value)])),
  ])
}

function flawOf(reading: Reading, before: Reading | undefined, charged: UnderWay | undefined): { call: Call; flaw: string } | undefined {
  const { call, remaining } = reading
  const told = (flaw: string) => ({ call, flaw })
  if (Number.isNaN(remaining)) return told('without what remains')
  if (remaining < 0) return told('below nothing')
  if (isRefusedByRate(call) && !reading.spent) return told('of a budget with room, on a refusal')
  const from = before?.call
  if (!before || !from || call.sentAtMs < (from.endedAtMs ?? Number.POSITIVE_INFINITY)) return undefined
  // The first of the two was charged before it was answered; the second is among those between.
  const between = (charged?.during(from.sentAtMs, call.endedAtMs ?? 0) ?? 0) - 1
  if (remaining < before.remaining - between - ROUNDING) return told('that fell by more than the calls made')
  if (!reading.quota) return undefined
  const refilled = (((call.endedAtMs ?? 0) - from.sentAtMs) / 1_000) * (reading.quota.q / reading.quota.w)
  return remaining > before.remaining + refilled + ROUNDING ? told('that rose faster than its policy refills') : undefined
}

function isRefusedByRate({ class: is, budget, evidence: { status } }: Call): boolean {
  return status === 429 && is === 'refused' && budget !== 'concurrency'
}

/** One agent's calls that may have been charged, so that those under way in a stretch are counted without looking at all of them. */
class UnderWay {
  readonly #begun: number[]
  readonly #over: number[]

  constructor(own: readonly Call[]) {
    const calls = own.filter(({ role }) => role !== 'handshake')
    this.#begun = calls.map(({ sentAtMs }) => sentAtMs).sort((a, b) => a - b)
    this.#over = calls.flatMap(({ endedAtMs }) => endedAtMs ?? []).sort((a, b) => a - b)
  }

  during(fromMs: number, toMs: number): number {
    return countBelow(this.#begun, toMs, true) - countBelow(this.#over, fromMs)
  }
}
