// The share of good answers under stress against that of the steady phase.
import { ratioInterval } from '../history/bootstrap.ts'
import type { Call } from '../history/event.ts'
import { goodIn, type Intent, sentIn, windowsOf } from '../history/queries.ts'
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

/** Sent in this phase. */
export function isIn({ sentAtMs }: Call, { fromMs, toMs }: Phase): boolean {
  return sentAtMs >= fromMs && sentAtMs < toMs
}
