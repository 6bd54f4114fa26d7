// The share of good answers under stress against that of the steady phase, and who has none of it.
import { ratioInterval } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import { goodIn, type Intent, sentIn, windowsOf } from '../history/queries.ts'
import type { Stretch } from '../history/stretch.ts'
import type { Phase } from '../plan/plan.ts'

/**
 * @param own those whose share it is
 * @returns `measured`: stress ÷ steady, no number where nothing was good before; `interval` of it, 95 %, by block bootstrap over windows of
 *   1 s, undefined when there is too little to draw from; `bad`: what was sent under stress and not good; `shown`: a finding's figures
 */
export function goodShare(own: readonly Intent[], steady: Phase, stress: Phase, { seed, limit }: { seed: number; limit: number }) {
  const [before, during] = [goodIn(own, steady), goodIn(own, stress)]
  const measured = during.share / before.share
  const interval = ratioInterval(windowsOf(own, stress), windowsOf(own, steady), seed)
  const bad = sentIn(own, stress).flatMap(({ first, good, straddles }) => (good || straddles ? [] : [first]))
  const shown = {
    ...(Number.isFinite(measured) && { measured }),
    ...(interval && { interval }),
    limit,
    unit: 'of 1',
    samples: before.planned + during.planned,
  }
  return { before, during, measured, interval, bad, shown }
}

/** Of fewer calls nothing is told. ours */
const LATER_LEAST = 10
const BEFORE_LEAST = 5

export interface LeftOut {
  who: string
  good: number
  planned: number
  bad: Call[]
}

/**
 * Whoever was left without what they had: what strikes one agent in thirty, or a tool that is seldom called, hides in the share of all.
 * @param of whose a call is: its agent's, its role's
 * @param most so little of the share that they had, 0 to 1, makes them left out
 */
export function leftOut(
  own: readonly Intent[],
  [before, later]: readonly [Stretch, Stretch],
  of: (call: Call) => string,
  most: number,
): LeftOut | undefined {
  const had = Map.groupBy(sentIn(own, before), ({ first }) => of(first))
  for (const [who, asked] of Map.groupBy(sentIn(own, later), ({ first }) => of(first))) {
    const [was, is] = [goodIn(had.get(who) ?? [], before), goodIn(asked, later)]
    if (was.good < BEFORE_LEAST || was.share < 0.5 || is.planned < LATER_LEAST || is.share > most * was.share) continue
    const bad = asked.flatMap(({ first, good, straddles }) => (good || straddles ? [] : [first]))
    return { who, good: is.good, planned: is.planned, bad }
  }
  return undefined
}
