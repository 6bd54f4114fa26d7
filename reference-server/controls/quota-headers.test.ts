import { expect, test } from 'vitest'
import type { Rate, Standing, Window } from '../store/limiter.ts'
import { bindingQuota } from './quota-headers.ts'

const minute: Rate = { scope: 'agent', key: 'm', perMinute: 60, burst: 10 }
const tool: Rate = { scope: 'tool', key: 't', perMinute: 10, burst: 5 }
const tenant: Rate = { scope: 'tenant', key: 'c', perMinute: 1_200, burst: 200, shared: true }
const hour: Window = { scope: 'agent', name: 'agent-hour', key: 'h', limit: 1_000, windowMs: 3_600_000 }

const standing = (rate: Rate | Window, remaining: number, resetMs: number): Standing => ({ rate, remaining, resetMs })

test('the budget with the smallest share left binds, whatever its size', () => {
  const standings = [standing(minute, 4, 6_000), standing(tool, 4, 6_000), standing(tenant, 100, 5_000), standing(hour, 900, 100)]
  expect(bindingQuota({ waitMs: 0, standings })).toEqual({
    ratelimit: '"agent";r=4;t=6',
    'ratelimit-policy': '"agent";q=10;w=10',
    'x-ratelimit-limit-minute': '60',
    'x-ratelimit-remaining-minute': '4',
  })
})

test('the budget that refused binds, also where another has less left', () => {
  const standings = [standing(minute, 0, 10_000), standing(hour, 0, 1_800_000)]
  const refusedBy = { scope: 'agent' as const, limit: 1_000, windowMs: 3_600_000 }
  expect(bindingQuota({ waitMs: 90_000, standings, refusedBy })).toMatchObject({
    ratelimit: '"agent-hour";r=0;t=1800',
    'ratelimit-policy': '"agent-hour";q=1000;w=3600',
    'x-ratelimit-limit-minute': '60',
  })
})

test('without a rate nothing is said', () => {
  expect(bindingQuota({ waitMs: 0, standings: [] })).toEqual({})
})
