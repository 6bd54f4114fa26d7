import { expect, it } from 'vitest'
import type { Call } from '../history/event.ts'
import { exampleHistory } from './example/history.ts'
import { callsIn, kindsOf } from './kinds.ts'

const { calls } = exampleHistory()
const [first] = calls as [Call]

it('has each call in one kind, kinds by their first calls and calls by when they were sent', () => {
  const kinds = kindsOf(calls)
  expect(callsIn(kinds)).toBe(calls.length)
  expect(new Set(kinds.flatMap((kind) => kind.calls))).toEqual(new Set(calls))
  expect(kinds.length).toBeLessThan(calls.length / 2)
  for (const kind of kinds) {
    expect(kind.alike).toBe(kind.calls[0])
    expect(kind.calls.map(({ index }) => index)).toEqual(kind.calls.map(({ index }) => index).sort((a, b) => a - b))
  }
  expect(kinds.map((kind) => calls.indexOf(kind.calls[0] as Call))).toEqual(
    kinds.map((kind) => calls.indexOf(kind.calls[0] as Call)).sort((a, b) => a - b),
  )
})

it('tells apart what differs in anything that a kind has in common', () => {
  const others: Partial<Call>[] = [
    { persona: 'another' },
    { tenant: 'another' },
    { hostile: !first.hostile },
    { role: 'another' as Call['role'] },
    { phase: 'recovery' },
    { window: 'another' },
    { class: 'unclassified' },
    { outcome: 'info' },
    { good: !first.good },
    { budget: 'another' },
    ...[{ status: 418 }, { transport: 'cut' as const }, { rpcCode: 7 }, { isError: true }, { instance: 'another' }, { data: {} }].map(
      (told) => ({ evidence: { ...first.evidence, ...told } }),
    ),
  ]
  for (const other of others) expect(kindsOf([first, { ...first, ...other }]), JSON.stringify(other)).toHaveLength(2)
  const told = (data: Record<string, unknown>) => ({ ...first, evidence: { ...first.evidence, data } })
  expect(kindsOf([told({}), told({ code: 'A' }), told({ scope: 'A' }), told({ code: 'A', other: 1 })])).toHaveLength(3)
})

it('takes what differs otherwise as alike', () => {
  const { evidence, sentAtMs } = first
  expect(
    kindsOf([first, { ...first, agent: 'another', sentAtMs: sentAtMs + 1, evidence: { ...evidence, message: 'another' } }]),
  ).toHaveLength(1)
})
