// Which instances get new connections: in turn, those that say they are ready. Pure; asking them is watch.ts's.
// Rules, as load balancers have them by default: refused → out at once (it is not there); no answer in time, twice in a row →
// out (it hangs, or is merely slow once); an answer other than 2xx → drained (no new connection, those it has go on); 2xx → in
// again. When nobody is in, all that are not drained are tried: an ejection is a guess, and a guess must not be an outage.
// What it does not model: weights, slow start, least connections, sticky sessions.

export type State = 'in' | 'out' | 'draining'
export type Heard = 'ready' | 'not-ready' | 'refused' | 'silent'

export interface Change {
  /** Wall clock, ms. */
  atMs: number
  instance: number
  state: State
  because: Heard
}

/** Silences in a row that eject. */
const SILENCES = 2
const CHANGES_KEPT = 1_000

export class Rotation {
  readonly changes: Change[] = []
  readonly #members: { instance: number; state: State; silences: number }[]
  readonly #changed: (change: Change) => void
  #turn = 0

  constructor(instances: readonly number[], changed: (change: Change) => void = () => undefined) {
    this.#members = instances.map((instance) => ({ instance, state: 'in', silences: 0 }))
    this.#changed = changed
  }

  get states(): Record<number, State> {
    return Object.fromEntries(this.#members.map(({ instance, state }) => [instance, state]))
  }

  /** Whose turn it is, leaving out those that have been tried for this connection; undefined when nobody is left. */
  next(tried: ReadonlySet<number>): number | undefined {
    const left = this.#members.filter(({ instance }) => !tried.has(instance))
    const nobodyIn = this.#members.every(({ state }) => state !== 'in')
    const open = left.filter(({ state }) => state === 'in' || (nobodyIn && state === 'out'))
    if (open.length === 0) return undefined
    return open[this.#turn++ % open.length]?.instance
  }

  hear(instance: number, heard: Heard, atMs: number): void {
    const member = this.#members.find((one) => one.instance === instance)
    if (!member) return
    member.silences = heard === 'silent' ? member.silences + 1 : 0
    const state = stateAfter(heard, member)
    if (state === member.state) return
    member.state = state
    const change = { atMs, instance, state, because: heard }
    if (this.changes.length < CHANGES_KEPT) this.changes.push(change)
    this.#changed(change)
  }
}

function stateAfter(heard: Heard, { state, silences }: { state: State; silences: number }): State {
  if (heard === 'ready') return 'in'
  if (heard === 'not-ready') return 'draining'
  if (heard === 'refused') return 'out'
  return silences >= SILENCES ? 'out' : state
}
