// Calls that are alike in all that tables count, together: a million calls are of some dozens of kinds, so what counts calls goes through
// kinds. They stand in the order of their first calls, and so does whatever is grouped from them.
// Not alike within a kind: moments, messages, waits, agents. A field that a table wants to tell calls apart by is added in both places here.
import type { Call } from '../history/event.ts'
import type { Evidence } from '../history/load-line.ts'
import { once } from '../history/once.ts'

export interface Kind {
  /** What all of them have. */
  alike: Alike
  /** In the order in which they were sent; at least one. */
  calls: Call[]
}

export interface Alike
  extends Pick<Call, 'persona' | 'tenant' | 'hostile' | 'role' | 'phase' | 'window' | 'class' | 'outcome' | 'good' | 'budget'> {
  evidence: Pick<Evidence, 'status' | 'transport' | 'rpcCode' | 'isError' | 'instance'> & { data?: { code?: unknown; scope?: unknown } }
}

export const kindsOf = once((calls: readonly Call[]): readonly Kind[] => {
  const kinds: Kind[] = []
  const root = new Branch()
  for (const call of calls) {
    const { evidence } = call
    let branch = root.to(call.persona).to(call.tenant).to(call.hostile).to(call.role).to(call.phase).to(call.window)
    branch = branch.to(call.class).to(call.outcome).to(call.good).to(call.budget)
    branch = branch.to(evidence.status).to(evidence.transport).to(evidence.rpcCode).to(evidence.isError).to(evidence.instance)
    if (evidence.data) branch = branch.to(evidence.data.code).to(evidence.data.scope)
    if (branch.kind) branch.kind.calls.push(call)
    else {
      branch.kind = { alike: call, calls: [call] }
      kinds.push(branch.kind)
    }
  }
  return kinds
})

/** Words one after the other, instead of one long word made of them: that would be a new string for each call. */
class Branch {
  readonly #next = new Map<unknown, Branch>()
  /** Most calls say what the one before said. */
  #lastWord: unknown
  #last: Branch | undefined
  kind: Kind | undefined

  to(word: unknown): Branch {
    if (this.#last && word === this.#lastWord) return this.#last
    const next = this.#next.get(word) ?? new Branch()
    this.#next.set(word, next)
    this.#lastWord = word
    this.#last = next
    return next
  }
}

/** Whom `measured` of history/queries.ts counts. */
export function isMeasured({ hostile, role }: Alike): boolean {
  return !hostile && role !== 'handshake'
}

/** How many calls. */
export function callsIn(kinds: readonly Kind[]): number {
  return kinds.reduce((sum, { calls }) => sum + calls.length, 0)
}

/** How long those that ended took, ms, the shortest first. */
export function tookIn(kinds: readonly Kind[]): Float64Array {
  const took = new Float64Array(callsIn(kinds))
  let ended = 0
  for (const { calls } of kinds)
    for (const { sentAtMs, endedAtMs } of calls) if (endedAtMs !== undefined) took[ended++] = endedAtMs - sentAtMs
  return took.subarray(0, ended).sort()
}
