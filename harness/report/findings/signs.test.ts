import { expect, it } from 'vitest'
import type { History } from '../../history/history.ts'
import type { FaultLine, SampleLine } from '../../history/raw-line.ts'
import { exampleHistory } from '../example/history.ts'
import { signsOf } from './signs.ts'

const quiet = { ...exampleHistory(), samples: [] }

function sampled(sampler: string, valuesAt: (atMs: number) => Record<string, number>): SampleLine[] {
  return Array.from({ length: 54 }, (_, i) => ({ kind: 'sample', atMs: i * 500, sampler, values: valuesAt(i * 500) }))
}

it('has nothing to say of a run in which all went well', () => {
  expect(signsOf({ ...quiet, calls: quiet.calls.filter(({ class: is }) => is === 'served') })).toEqual([])
})

it('tells whose refusals they were, what they told and what they cost', () => {
  const text = signsOf(exampleHistory({ starved: true })).join('\n')
  expect(text).toMatch(/\d+ calls ended as 429 refused.*(?:told to wait|told when to come back).*took \d/)
})

it('tells when a breaker was open, and of one that stayed shut while its dependency failed', () => {
  const broken = exampleHistory({ fault: true })
  expect(signsOf(broken).join('\n')).toMatch(/breakerOpen\{breaker="postgres"\} of server-1 read 1 from 13\.0 s to 19\.5 s\./)

  const stuck = sampled('prometheus', (atMs) => ({ 'breakerOpen{dependency="postgres"}': atMs > 12_500 ? 1 : 0 }))
  expect(signsOf({ ...broken, samples: stuck }).join('\n')).toContain(
    'to the end of the run, though postgres-latency was healed at 19.1 s.',
  )

  const shut = sampled('prometheus', () => ({ 'breakerOpen{dependency="postgres"}': 0 }))
  const failing = broken.calls.map((call) => (call.phase === 'stress' ? { ...call, class: 'dependency' as const } : call))
  expect(signsOf({ ...broken, samples: shut, calls: failing }).join('\n')).toContain('was never open, though postgres-latency was in force')
  expect(signsOf({ ...broken, samples: shut }).join('\n')).not.toContain('was never open')
})

it('tells of a pool whose holders waited for something else, but not of one that was at work or whose database was broken', () => {
  const full = sampled('prometheus', (atMs) => ({ 'poolUsed{pool="cheap"}': atMs > 11_000 && atMs < 19_000 ? 8 : 1 }))
  const pools = (activity: Record<string, number>, history: History) =>
    signsOf({ ...history, samples: [...full, ...sampled('postgres', () => activity)] }).filter((sign) => sign.includes('poolUsed'))
  const [idle, atWork] = [
    { active: 0, idleInTransaction: 8 },
    { active: 7, idleInTransaction: 0 },
  ]
  const few = { ...quiet, calls: quiet.calls.filter(({ phase }, i) => phase === 'steady' || i % 20 === 0) }
  expect(pools(idle, few)[0]).toMatch(
    /all 8 connections were in use for 7\.5 s, in which \d+ calls got through; .* for 0 of them on average, 8 sat idle/,
  )
  expect(pools(atWork, few)).toEqual([])
  // Quick statements: the pool is full and the database hardly seen at work, yet many get through.
  const many = { ...quiet, calls: quiet.calls.map((call) => ({ ...call, class: 'served' as const })) }
  expect(pools(idle, many)).toEqual([])
  const fault = { kind: 'fault', window: 'stress', fault: 'postgres-latency', dependency: 'postgres' } as const
  const faults: FaultLine[] = [
    { ...fault, atMs: 11_000, event: 'injected' },
    { ...fault, atMs: 19_000, event: 'healed' },
  ]
  const planned = { window: 'stress', fault: 'postgres-latency', parameters: {}, injectAtMs: 11_000, healAtMs: 19_000 }
  expect(pools(idle, { ...few, faults, plan: { ...few.plan, faults: [planned] } })).toEqual([])
})

it('tells tenants apart where they fared differently', () => {
  const calls = quiet.calls.map((call) => {
    const stressed = call.phase === 'stress' && !call.hostile
    const tenant = call.tenant + (Math.floor(Number(call.agent.slice(-2)) / 4) % 2)
    return stressed && tenant === 'acme0'
      ? { ...call, tenant, good: false, class: 'refused' as const, budget: 'tenant' }
      : { ...call, tenant }
  })
  expect(signsOf({ ...quiet, calls }).join('\n')).toMatch(/by tenant: .*acme0 0 % good \(\d+ refused by tenant\)/)
})

it('tells of slots that were not given back', () => {
  const samples = [
    ...sampled('prometheus', () => ({ leases: 4 })),
    { kind: 'sample', atMs: 27_500, sampler: 'prometheus', values: { leases: 4 } } as const,
  ]
  expect(signsOf({ ...quiet, samples }).join('\n')).toContain('leases still read 4 after the last call.')
})
