import { describe, expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import { tenantsIsolated } from './tenants-isolated.ts'

/** Each answer's tenants, by who asked. */
const answered = (...answers: ['a' | 'b', ...string[]][]) => {
  const story = aRun().agent('a').agent('b', { tenant: 't1' })
  answers.forEach(([of, ...tenants], n) => {
    story.call({ of, role: 'expensiveRead', atMs: 3_000 + n * 100, answer: served(20, { tenants }) })
  })
  return story
}

describe('tenants-isolated', () => {
  test('holds when everybody has rows of their own alone', () => {
    expect(find(tenantsIsolated, answered(['a', 't0'], ['b', 't1'], ['a']))).toMatchObject({ status: 'pass', measured: 0, samples: 2 })
  })

  test('one foreign row is a fail, beside own ones too', () => {
    const finding = find(tenantsIsolated, answered(['a', 't0'], ['b', 't1', 't0'], ['b', 't1']))
    expect(finding).toMatchObject({
      status: 'fail',
      measured: 1,
      witnesses: [1],
      says: expect.stringContaining('b of t1 got those of t0 by run_query'),
    })
  })

  test('a foreign row is one though nobody of its own tenant asks', () => {
    expect(find(tenantsIsolated, answered(['a', 't0'], ['a', 't1']))).toMatchObject({ status: 'fail', measured: 1, witnesses: [1] })
  })

  test('a replay is an answer as any other', () => {
    const story = answered(['a', 't0'], ['b', 't1'])
    story.call({ of: 'b', role: 'write', key: 'k', atMs: 5_000, answer: served(5, { tenants: ['t0'], replayed: true }) })
    expect(find(tenantsIsolated, story)).toMatchObject({ status: 'fail', witnesses: [2] })
  })

  test('a row that is everybody’s by its own word is nobody’s, unless a tenant is called so', () => {
    expect(find(tenantsIsolated, answered(['a', 't0', 'shared'], ['b', 't1', ''], ['b', 'PUBLIC']))).toMatchObject({
      status: 'pass',
      samples: 2,
    })
    expect(find(tenantsIsolated, answered(['a', 't0', 't7'], ['b', 't1']))).toMatchObject({ status: 'fail', witnesses: [0] })
    expect(find(tenantsIsolated, answered(['a', 't0', 'shared'], ['b', 't1']).agent('c', { tenant: 'shared' })).status).toBe('fail')
  })

  test('has no weight with one tenant, or when no answer says whose rows it has; unknown where it is essential', () => {
    expect(find(tenantsIsolated, answered(['a', 't0'], ['a', 't0']))).toMatchObject({ notExercised: true })
    expect(find(tenantsIsolated, answered(['a'], ['b']))).toMatchObject({ notExercised: true })
    expect(verdictOf(answered(['a'], ['b']).check('tenants-isolated', {}, { essential: true }), 'tenants-isolated').status).toBe('unknown')
  })

  test('is not judged when no role says where', () => {
    expect(verdictOf(answered(['a', 't0']).hides('tenants', 'line'), 'tenants-isolated')).toMatchObject({
      status: 'not-judged',
      addLine: 'line',
    })
  })
})
