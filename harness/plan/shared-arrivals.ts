// Arrivals that a scenario shapes are drawn once for all agents of a fleet entry and dealt to them in turn, so that a salvo of fifty is
// fifty agents in one moment. Personas ask `draw.arrivals` for their own part and need not know.
import type { FleetEntry } from '../persona.ts'
import { askedDispersion, assertArrivals, drawArrivals } from './arrivals.ts'
import type { Draw } from './draw.ts'
import type { PlannedAgent } from './plan.ts'

/** A persona's generator with the entry's arrivals in it. */
export type DrawOf = (draw: Draw) => Draw

export interface SharedArrivals {
  /** @param position of the agent within its entry */
  drawOf(position: number): DrawOf
  /** What was asked for; undefined when the persona arrives its own way. */
  asked(): PlannedAgent['arrivals']
}

/** @throws HarnessError `ARRIVALS_INVALID`, once the persona says how often it comes */
export function sharedArrivals({ membership: { arrivals, agents } }: FleetEntry, draw: Draw): SharedArrivals {
  if (!arrivals) return { drawOf: () => (own) => own, asked: () => undefined }
  const drawn = new Map<string, number[]>()
  let rate = 0
  const together = (fromMs: number, toMs: number, everyMs: number) => {
    const name = `${fromMs}–${toMs}`
    const known = drawn.get(name)
    if (known) return known
    rate = (agents * 1_000) / everyMs
    assertArrivals(arrivals, rate)
    const moments = drawArrivals(arrivals, { fromMs, toMs }, rate, draw.fork(name))
    drawn.set(name, moments)
    return moments
  }
  return {
    drawOf: (position) => (own) => ({
      ...own,
      arrivals: ({ fromMs, toMs }, everyMs) => together(fromMs, toMs, everyMs).filter((_, n) => n % agents === position),
    }),
    asked() {
      const dispersion = askedDispersion(arrivals, rate)
      return { kind: arrivals.kind, ...(dispersion !== undefined && { dispersion }) }
    },
  }
}
