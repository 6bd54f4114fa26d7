// What people decided binds the policy: a call like one that was rejected must never run unasked.
import { describe, expect, test } from 'vitest'
import { POLICIES } from '../parts.ts'
import { TERMS, TIERS } from '../tiers.ts'
import { joined, keptCases, type PolicyCase } from './cases.ts'
import { factsOf } from './policy.ts'
import { refundPolicy } from './refund-order.ts'

describe('cases', () => {
  const cases = keptCases()

  test.each(cases.map((each) => [`${each.tool}, ${each.tier}, ${each.decision}: ${each.reason}`, each] as const))('%s', (_, each) => {
    const policy = POLICIES.get(each.tool)
    expect(Object.keys(each.facts)).toEqual(policy?.reads)
    if (each.decision === 'rejected') expect(policy?.review(each.facts, each.tier)).toBeDefined()
  })

  test('of both words, each with its reason', () => {
    expect(new Set(cases.map(({ decision }) => decision))).toEqual(new Set(['approved', 'rejected']))
    expect(cases.filter(({ reason }) => reason.length < 5)).toEqual([])
  })

  test('are written once, whatever is exported again', () => {
    const [first] = cases as [PolicyCase]
    const another: PolicyCase = { ...first, facts: { amountCents: 77_777 } }
    expect(joined(cases, [first, another, another])).toEqual([...cases, another])
  })
})

describe('refunds', () => {
  test.each(TIERS)('a %s tenant may give back up to its limit, and not a cent more, unasked', (tier) => {
    const limit = TERMS[tier].reviewAboveCents
    expect(refundPolicy.review({ amountCents: limit }, tier)).toBeUndefined()
    expect(refundPolicy.review({ amountCents: limit + 1 }, tier)).toContain(String(limit))
  })

  test('what is not a number is not a small one', () => {
    expect(refundPolicy.review({}, 'paid')).toBeDefined()
    expect(refundPolicy.review({ amountCents: 'much' }, 'paid')).toBeDefined()
  })

  test('keeps only what it reads', () => {
    expect(factsOf(refundPolicy, { amountCents: 5, reason: 'private', orderNumber: 'ORD-000001' })).toEqual({ amountCents: 5 })
  })
})
