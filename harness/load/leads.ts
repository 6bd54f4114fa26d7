// Where an answer leads an agent that walks: the arguments of the calls that come next, by the role's `leadsTo` (sub-folders, the
// next page). Data, not code, so that the plan can carry it. Pure; runs inside k6, and only for roles that lead somewhere.
import type { LeadsTo } from '../plan/plan.ts'
import { at } from './correctness.ts'
import { parseAnswer, type RawAnswer } from './evidence.ts'

const LEADS_MAX = 100

/** @param given the arguments of the call that was answered: a lead changes one of them, or stands alone */
export function leadsOf(raw: RawAnswer, rules: readonly LeadsTo[], given: Record<string, unknown>) {
  const leads: Record<string, unknown>[] = []
  const result = raw.status === 200 ? parseAnswer(raw.body, raw.header('Content-Type') ?? '')?.result : undefined
  for (const { at: pointer, each = '', argument, alone = false } of rules) {
    const found = at(result, pointer)
    for (const item of Array.isArray(found) ? found : [found]) {
      const value = at(item, each)
      if (value !== undefined && value !== null && leads.length < LEADS_MAX) leads.push({ ...(!alone && given), [argument]: value })
    }
  }
  return leads
}
