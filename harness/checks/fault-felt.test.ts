import { describe, expect, test } from 'vitest'
import { gaveUp, served, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { find } from '../../tests/fixtures/histories/judged.ts'
import { faultFelt } from './fault-felt.ts'

const exposed = () => aRun().agent('a').call({ of: 'a', atMs: 12_000, answer: unavailable() })

describe('fault-felt', () => {
  test('holds when each fault was felt, exposed somebody and was healed', () => {
    expect(find(faultFelt, exposed().fault('postgres-refused'))).toMatchObject({ status: 'pass', measured: 1, limit: 1 })
  })

  test('counts a call that was already in flight', () => {
    const story = aRun().agent('a').call({ of: 'a', atMs: 9_000, answer: gaveUp() }).fault('postgres-latency')
    expect(find(faultFelt, story).status).toBe('pass')
  })

  test('a finer need counts: postgres:orders needs postgres', () => {
    const story = aRun().agent('a').call({ of: 'a', atMs: 12_000, role: 'expensiveRead', answer: served() }).fault('postgres-latency')
    expect(find(faultFelt, story).status).toBe('pass')
  })

  test('cannot tell when no call needs what was broken', () => {
    const found = find(faultFelt, exposed().fault('spare-refused', { on: 'spare' }))
    expect(found).toMatchObject({ status: 'unknown', measured: 0, says: expect.stringContaining('exposed nobody') })
  })

  test('a fault between agents and server exposes every call', () => {
    expect(find(faultFelt, exposed().fault('answers-cut', { on: 'server' })).status).toBe('pass')
  })

  test.each([
    ['felt', 'was not felt'],
    ['healed', 'was not healed'],
  ] as const)('cannot tell without its %s line', (event, says) => {
    const found = find(faultFelt, exposed().fault('postgres-refused', { without: [event] }))
    expect(found).toMatchObject({ status: 'unknown', says: expect.stringContaining(says) })
  })

  test('cannot tell when it was never injected', () => {
    const story = exposed().fault('postgres-refused')
    story.faults.length = 0
    expect(find(faultFelt, story)).toMatchObject({ status: 'unknown', says: 'postgres-refused was never injected' })
  })

  test('cannot tell when the server never came by the link that was broken; nobody knows where no link is', () => {
    const story = exposed().fault('postgres-refused')
    story.attemptLines.length = 0
    expect(find(faultFelt, story)).toMatchObject({ status: 'unknown', says: expect.stringContaining('by way of the proxy') })
    expect(find(faultFelt, story.hides('link:postgres', 'x')).status).toBe('pass')
  })

  test('has nothing to look at without a fault', () => {
    expect(find(faultFelt, exposed())).toMatchObject({ notExercised: true })
  })
})
