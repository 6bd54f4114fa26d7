// What RateLimit headers said, call by call: the policy, what remains of it, and where it was counted. Readings of two places say nothing
// of each other: another quota or window under the same name is another budget, and while the place where budgets are shared is away (a
// fault at Redis, or the server's own word for it) each instance counts for itself, from a full one. Around the change nobody knows. Pure.
//
// Source: draft-ietf-httpapi-ratelimit-headers-10. Units other than requests (qu) are left out. Not modelled: partitioned quotas (pk).
import type { Call } from '../history/event.ts'
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
  place?: string
  /** Of the policy: quota and its window, s; absent when it was not told. */
  quota?: { q: number; w: number }
}

/** In the order of their answers. */
export function readings(history: History): Reading[] {
  const read = new Headers()
  const places = new Places(history)
  return history.calls
    .filter(({ evidence, endedAtMs, role }) => evidence.rateLimit !== undefined && endedAtMs !== undefined && role !== 'handshake')
    .sort((a, b) => (a.endedAtMs ?? 0) - (b.endedAtMs ?? 0))
    .flatMap((call) => {
      const policies = new Map(read.items(call.evidence.rateLimitPolicy ?? ''))
      const told = read.items(call.evidence.rateLimit ?? '')
      const spent = told.some(([, { r }]) => r === 0)
      const place = places.of(call)
      return told.flatMap(([policy, { r }]): Reading[] => {
        const { q, w, other } = policies.get(policy) ?? {}
        if (other !== undefined) return []
        const where = place === undefined ? {} : { place: `${place} ${q} ${w}` }
        return [
          { call, policy, remaining: r ?? Number.NaN, spent, ...where, ...(q !== undefined && w !== undefined && { quota: { q, w } }) },
        ]
      })
    })
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

  of({ sentAtMs, endedAtMs = sentAtMs, evidence, server }: Call): string | undefined {
    if (this.#changes.some(({ fromMs, toMs }) => endedAtMs >= fromMs && sentAtMs <= toMs)) return undefined
    if (!this.#everLocal) return ''
    return `${this.#changes.filter(({ toMs }) => toMs < sentAtMs).length} ${evidence.instance ?? server?.instance ?? ''}`
  }
}

interface Item {
  r?: number
  q?: number
  w?: number
  /** Counts something else than requests. */
  other?: true
}

type Items = [string, Item][]

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
  return [...header.matchAll(/"([^"]+)"((?:\s*;\s*[a-z]+=(?:-?[\d.]+|"[^"]*"))*)/g)].map(([, name = '', rest = '']) => {
    const numbers = [...rest.matchAll(/([a-z]+)=(-?[\d.]+)/g)].map(([, key, value]) => [key, Number(value)])
    const unit = /qu="([^"]*)"/.exec(rest)?.[1] ?? 'requests'
    return [name, { ...(Object.fromEntries(numbers) as Item), ...(unit !== 'requests' && { other: true as const }) }]
  })
}
