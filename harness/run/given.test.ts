import { expect, test } from 'vitest'
import type { PlannedFault } from '../plan/plan.ts'
import { assertBreakable, givenAddress, throughLinks } from './given.ts'

const given = { postgres: 'postgres://me:s3cret@db.example:6000/app?sslmode=disable', redis: 'redis://cache.example' }

test('an address comes with its usual port', () => {
  expect(givenAddress(given, 'postgres')).toBe('db.example:6000')
  expect(givenAddress(given, 'redis')).toBe('cache.example:6379')
  expect(givenAddress(given, 'upstream')).toBeUndefined()
})

test('the server gets it whole, by way of the proxy', () => {
  expect(throughLinks(given, { postgres: '127.0.0.1:1', redis: '127.0.0.1:2' })).toEqual({
    postgres: 'postgres://me:s3cret@127.0.0.1:1/app?sslmode=disable',
    redis: 'redis://127.0.0.1:2',
  })
})

test('only links of what is not ours are broken', () => {
  const plan = (...ids: string[]) => ({
    faults: ids.map((fault) => ({ fault, parameters: {}, injectAtMs: 0, healAtMs: 8_000 }) as unknown as PlannedFault),
  })
  const needs = { 'postgres-latency': ['link'], 'postgres-lock': ['link', 'postgres'], 'server-killed': ['servers'] } as const
  const of = (id: string) => ({ needs: needs[id as keyof typeof needs], dependency: id.split('-')[0] ?? '' })
  const target = { dependencies: { postgres: 'embedded' }, start: { command: 'x' } } as const
  expect(() => assertBreakable(plan('postgres-latency', 'server-killed'), target, { postgres: given.postgres }, of)).not.toThrow()
  expect(() => assertBreakable(plan('postgres-lock'), target, {}, of)).not.toThrow()
  expect(() => assertBreakable(plan('postgres-lock'), target, { postgres: given.postgres }, of)).toThrow(
    expect.objectContaining({ code: 'FAULT_NOT_POSSIBLE', hint: expect.stringContaining('leave --postgres out') }),
  )
  expect(() => assertBreakable(plan('postgres-lock'), { dependencies: { postgres: { address: 'x:1' } } }, {}, of)).toThrow(
    expect.objectContaining({ code: 'FAULT_NOT_POSSIBLE', hint: expect.stringContaining("'embedded'") }),
  )
  expect(() => assertBreakable(plan('postgres-latency'), {}, {}, of)).toThrow(
    expect.objectContaining({ code: 'FAULT_NOT_POSSIBLE', hint: expect.stringContaining("postgres: { address: 'localhost:") }),
  )
  expect(() => assertBreakable(plan('server-killed'), { dependencies: target.dependencies }, {}, of)).toThrow(
    expect.objectContaining({ code: 'FAULT_NOT_POSSIBLE', hint: expect.stringContaining('start:') }),
  )
  const own = { 'server-killed': { inject: '', heal: '', felt: '', ttlS: 7 } }
  expect(() => assertBreakable(plan('server-killed'), { ...target, faults: own }, {}, of)).toThrow(
    expect.objectContaining({ code: 'TARGET_INVALID' }),
  )
  expect(() => assertBreakable(plan(), target, { redis: given.redis }, of)).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }))
})

test('a fault of one’s own is in force for no longer than it lives, which is a quarter of an hour unless the target says else', () => {
  const own = (ttlS?: number) => ({ faults: { mine: { inject: '', heal: '', felt: '', ...(ttlS !== undefined && { ttlS }) } } })
  const lasting = (healAtMs: number) => ({
    faults: [{ fault: 'mine', parameters: {}, injectAtMs: 0, healAtMs } as unknown as PlannedFault],
  })
  const of = () => ({ needs: [], dependency: 'server' })
  expect(() => assertBreakable(lasting(900_000), own(), {}, of)).not.toThrow()
  expect(() => assertBreakable(lasting(900_001), own(), {}, of)).toThrow(
    expect.objectContaining({ code: 'TARGET_INVALID', hint: expect.stringContaining('901') }),
  )
  expect(() => assertBreakable(lasting(900_001), own(1_000), {}, of)).not.toThrow()
})
