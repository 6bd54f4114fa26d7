// What RateLimit headers said, call by call: the policy, what remains of it, and where it was counted. Readings of two places say nothing
// of each other: another quota or window under the same name is another budget, and while the place where budgets are shared is away (a
// fault at Redis, or the server's own word for it) each instance counts for itself, from a full one. Around the change nobody knows. Pure.
//
// Source: draft-ietf-httpapi-ratelimit-headers-10. Units other than requests (qu) are left out. Not modelled: partitioned quotas (pk).
import type { Call } from '../history/event.ts'
import { byEnd } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { breakerOpenMs, faultsOf } from '../history/queries.ts'
import { points } from '../history/samples.ts'

export interface Reading {
  call: Call
  policy: string
  remaining: number
  /** Some policy of the same header has nothing left. */
  spent: boolean
  /** Where it was counted: readings of two places say nothing of each other. Undefined: nobody knows. */
  place: string | undefined
  /** Of the policy: quota and its window, s; undefined when it was not told. */
  quota: Quota | undefined
}

interface Quota {
  q: number
  w: number
}

/** In the order of their answers. */
export function readings(history: History): Reading[] {
  const read = new Headers()
  const places = new Places(history)
  const said: Reading[] = []
  for (const call of byEnd(history)) {
    const { rateLimit, rateLimitPolicy = '' } = call.evidence
    if (rateLimit === undefined || call.role === 'handshake') continue
    const policies = read.policies(rateLimitPolicy)
    const told = read.items(rateLimit)
    const spent = told.some(([, { r }]) => r === 0)
    for (const [policy, { r = Number.NaN }] of told) {
      const { quota, terms, other } = policies.get(policy) ?? UNTOLD
      if (!other) said.push({ call, policy, remaining: r, spent, place: places.of(call, terms), quota })
    }
  }
  return said
}

/** How long a server may take to notice that the shared place has gone, or is back. ours */
const NOTICED_MS = 2_000

/** Where budgets were counted at a moment: in the shared place, or, while that is away, by each instance for itself. */
class Places {
  /** Changes from the one to the other, and the stretch in which each may have come. */
  readonly #changes: readonly { fromMs: number; toMs: number }[]
  readonly #everLocal: boolean

  constructor(history: History) {
    const openMs = breakerOpenMs(history)
    const faults = faultsOf(history)
      .filter(({ dependency }) => dependency === 'redis')
      .flatMap(({ fromMs, toMs, overMs }) => [
        { fromMs, toMs: fromMs + NOTICED_MS },
        { fromMs: toMs, toMs: overMs + openMs + NOTICED_MS },
      ])
    const told = [...Map.groupBy(points(history, 'limiterLocal'), ({ series }) => series).values()].flatMap((own) =>
      own.flatMap(({ atMs, value }, n) => {
        const before = own[n - 1]
        return before && before.value !== value ? [{ fromMs: before.atMs, toMs: atMs }] : []
      }),
    )
    this.#changes = [...faults, ...told]
    this.#everLocal = this.#changes.length > 0
  }

  /** @param terms another quota or window is another budget */
  of({ sentAtMs, endedAtMs = sentAtMs, evidence, server }: Call, terms: string): string | undefined {
    if (!this.#everLocal) return terms
    if (this.#changes.some(({ fromMs, toMs }) => endedAtMs >= fromMs && sentAtMs <= toMs)) return undefined
    return `${this.#changes.filter(({ toMs }) => toMs < sentAtMs).length} ${evidence.instance ?? server?.instance ?? ''} ${terms}`
  }
}

interface Item {
  r?: number
  quota: Quota | undefined
  /** Quota and window, to be told from others. */
  terms: string
  /** Counts something else than requests. */
  other: boolean
}

type Items = readonly [string, Item][]

/** A policy of which the header beside it says nothing. */
const UNTOLD: Item = { quota: undefined, terms: '', other: false }

/** A server says the same few headers again and again: each is taken apart once. */
class Headers {
  readonly #items = new Map<string, Items>()
  readonly #policies = new Map<string, ReadonlyMap<string, Item>>()

  items(header: string): Items {
    const known = this.#items.get(header) ?? itemsOf(header)
    this.#items.set(header, known)
    return known
  }

  policies(header: string): ReadonlyMap<string, Item> {
    const known = this.#policies.get(header) ?? new Map(this.items(header))
    this.#policies.set(header, known)
    return known
  }
}

/** `"agent";r=3;t=5, "day";r=90` → names with their numbers. */
function itemsOf(header: string): Items {
  return [...header.matchAll(/"([^"]+)"((?:\s*;\s*[a-z]+=(?:-?[\d.]+|"[^"]*"))*)/g)].map(([, name = '', rest = '']) => {
    const numbers = [...rest.matchAll(/([a-z]+)=(-?[\d.]+)/g)].map(([, key, value]) => [key, Number(value)])
    const unit = /qu="([^"]*)"/.exec(rest)?.[1] ?? 'requests'
    const { r, q, w }: { r?: number; q?: number; w?: number } = Object.fromEntries(numbers)
    const quota = q === undefined || w === undefined ? undefined : { q, w }
    const terms = q === undefined && w === undefined ? '' : `${q} ${w}`
    return [name, { ...(r !== undefined && { r }), quota, terms, other: unit !== 'requests' }]
  })
}
