// What RateLimit headers said, call by call: the policy, what remains of it, and where it was counted. Readings of two places say nothing
// of each other: another quota or window under the same name is another budget, as is another partition (pk); and while the place where
// budgets are shared is away (a fault at Redis, or the server's own word for it) each instance counts for itself, from a full one; so may
// one that was killed and began anew. Around the change nobody knows. A Redis that is emptied stays the place: what was told before says
// nothing of what is told after. Pure.
//
// Source: draft-ietf-httpapi-ratelimit-headers-10; the form of draft 7 has no names (`limit=5, remaining=3, reset=7` and `5;w=10`): the
// quota stands for one. Units other than requests (qu) are left out. Not modelled: headers of other names (X-RateLimit-…).
import type { Call } from '../history/event.ts'
import { faultsOf } from '../history/faults.ts'
import { byEnd } from '../history/gathered.ts'
import type { History } from '../history/history.ts'
import { breakerOpenMs } from '../history/queries.ts'
import { points } from '../history/samples.ts'
import { FLUSHED } from './extra-bursts.ts'

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
  /** When it said to begin anew, s from its answer; undefined when it did not say. */
  resetS: number | undefined
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
    for (const [policy, { r = Number.NaN, t, terms: own }] of told) {
      const { quota, terms, other } = policies.get(policy) ?? UNTOLD
      const place = places.of(call, own === '' ? terms : `${terms} ${own}`)
      if (!other) said.push({ call, policy, remaining: r, spent, place, quota, resetS: t })
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
    const told = [...Map.groupBy(points(history, 'limiterLocal'), ({ series }) => series).values()].flatMap((own) =>
      own.flatMap(({ atMs, value }, n) => {
        const before = own[n - 1]
        return before && before.value !== value ? [{ fromMs: before.atMs, toMs: atMs }] : []
      }),
    )
    const faults = faultsOf(history)
      .filter(({ dependency }) => dependency === 'redis' || dependency === 'server')
      .flatMap(({ fault, dependency, beginsMs, fromMs, toMs, overMs }) => {
        // Nobody has to come back. But who was told that it is spent may be told so from memory until its wait is over.
        if (fault === FLUSHED) return [{ fromMs: beginsMs, toMs: fromMs + NOTICED_MS }]
        const backMs = overMs + openMs + NOTICED_MS
        // Its own word is the more exact one.
        if (dependency === 'redis' && told.some((change) => change.toMs >= beginsMs && change.fromMs <= backMs)) return []
        return [
          { fromMs, toMs: fromMs + NOTICED_MS },
          { fromMs: toMs, toMs: backMs },
        ]
      })
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
  t?: number
  quota: Quota | undefined
  /** Quota, window and partition, to be told from others. */
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

/** A name, as a string or a word, and its parameters, whatever they are (RFC 8941): strings, bytes (`pk=:c2Vj:`), words and numbers. */
const ITEM = /(?:^|,)\s*(?:"([^"]+)"|([A-Za-z*][\w.*:/-]*)(?=\s*;))((?:\s*;\s*[a-z*][\w.*-]*(?:=(?:"[^"]*"|:[^:]*:|[^\s;,"]+))?)*)/g

/** `"agent";r=3;t=5, "day";r=90` → names with their numbers. */
function itemsOf(header: string): Items {
  const items = [...header.matchAll(ITEM)]
  if (items.length === 0) return withoutNames(header)
  return items.map(([, text, word = '', rest = '']) => {
    const numbers = [...rest.matchAll(/;\s*([a-z]+)=(-?[\d.]+)/g)].map(([, key, value]) => [key, Number(value)])
    const unit = /;\s*qu="([^"]*)"/.exec(rest)?.[1] ?? 'requests'
    const [partition = ''] = /;\s*pk=[^;]*/.exec(rest) ?? []
    const { r, t, q, w }: { r?: number; t?: number; q?: number; w?: number } = Object.fromEntries(numbers)
    const quota = q === undefined || w === undefined ? undefined : { q, w }
    const terms = (q === undefined && w === undefined ? '' : `${q} ${w}`) + partition
    return [text ?? word, { ...(r !== undefined && { r }), ...(t !== undefined && { t }), quota, terms, other: unit !== 'requests' }]
  })
}

/** `limit=5, remaining=3, reset=7`, `5;w=10, 90;w=3600` (draft 7). */
function withoutNames(header: string): Items {
  const said = new Map(
    [...header.matchAll(/(?:^|,)\s*(limit|remaining|reset)=(-?\d+)/g)].map(([, key, value]) => [key, Number(value)] as const),
  )
  const [limit, r, t] = [said.get('limit'), said.get('remaining'), said.get('reset')]
  const none = { terms: '', other: false }
  if (limit !== undefined)
    return [[`${limit}`, { ...none, ...(r !== undefined && { r }), ...(t !== undefined && { t }), quota: undefined }]]
  return [...header.matchAll(/(?:^|,)\s*(\d+)\s*;\s*w=(\d+)/g)].map(([, q = '', w]) => [
    q,
    { ...none, quota: { q: Number(q), w: Number(w) }, terms: `${q} ${w}` },
  ])
}
