// Where a call belongs: who sent it, and in which phase and window of the plan. A call of an agent that is not in the plan is nobody's.
import type { Call } from './event.ts'
import type { History } from './history.ts'

export class Seats {
  readonly #plan: History['plan']
  readonly #agents: ReadonlyMap<string, Pick<Call, 'tenant' | 'persona' | 'hostile'>>

  constructor(plan: History['plan']) {
    this.#plan = plan
    this.#agents = new Map(plan.agents.map((planned) => [planned.agent, planned]))
  }

  /**
   * Before the first phase counts as the first, after the last as the last, and always as straddling.
   * @param decidedAtMs from then on nothing could make it good any more, or it was over
   */
  give(call: Call, decidedAtMs: number): void {
    const agent = this.#agents.get(call.agent)
    if (agent) {
      call.tenant = agent.tenant
      call.persona = agent.persona
      call.hostile = agent.hostile
    }
    const { phases } = this.#plan
    const phase = phases.find(({ toMs }) => call.sentAtMs < toMs) ?? phases.at(-1)
    if (!phase) return
    call.phase = phase.name
    if (phase.window !== undefined) call.window = phase.window
    call.straddles = call.sentAtMs < phase.fromMs || decidedAtMs >= phase.toMs
  }
}
