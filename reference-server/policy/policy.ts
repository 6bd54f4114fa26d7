// What a policy is written against: whether a call with exactly these arguments may run, or wants a person's word first. Apart
// from the tools by folder and by type: a policy reads facts and a tier, does nothing, and is tested by the decisions that
// people have taken (policy/cases.json, exported by `npm run policy:cases`).
import type { Tier } from '../tiers.ts'

export type Facts = Readonly<Record<string, string | number>>

export interface Policy {
  kind: 'policy'
  /** The arguments that it reads: only these are kept in its cases. */
  reads: readonly string[]
  /** Why a person must look at it: a clause for the caller. Undefined: it may run. */
  review(facts: Facts, tier: Tier): string | undefined
}

export function policy(definition: Omit<Policy, 'kind'>): Policy {
  return { kind: 'policy', ...definition }
}

export function factsOf({ reads }: Policy, given: Record<string, unknown>): Facts {
  const facts = reads.map((name) => [name, given[name]] as const)
  return Object.fromEntries(facts.filter((fact): fact is [string, string | number] => ['string', 'number'].includes(typeof fact[1])))
}
