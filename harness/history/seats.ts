// Where a call belongs: who sent it, and in which phase and window of the plan.
import type { Call } from './event.ts'
import type { History } from './history.ts'

export class Seats {
  readonly #plan: History['plan']
  readonly #agents: Map<string, Pick<Call, 'tenant' | 'persona' | 'hostile'>>

  constructor(plan: History['plan']) {
    this.#plan = plan
    this.#agents = new Map(plan.agents.map(({ agent, tenant, persona, hostile }) => [agent, { tenant, persona, hostile }]))
  }

  of(agent: string): Pick<Call, 'tenant' | 'persona' | 'hostile'> {
    return this.#agents.get(agent) ?? { tenant: '', persona: '', hostile: false }
  }

  /** Before the first phase counts as the first, after the last as the last, and always as straddling. */
  phase(sentAtMs: number, decidedAtMs: number): Pick<Call, 'phase' | 'window' | 'straddles'> {
    const { phases } = this.#plan
    const found = phases.find((phase) => sentAtMs < phase.toMs) ?? phases.at(-1)
    if (!found) return { phase: 'steady', straddles: false }
    const straddles = sentAtMs < found.fromMs || decidedAtMs >= found.toMs
    return { phase: found.name, ...(found.window !== undefined && { window: found.window }), straddles }
  }
}
