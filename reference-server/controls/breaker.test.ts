import { describe, expect, test } from 'vitest'
import { CallError } from '../errors.ts'
import { codeOf, rest, running, sampleCall, standingClock } from '../fixtures/call.ts'
import { quoteInvoice } from '../tools/quote-invoice.ts'
import { type Breaker, breaker, countingBreaker } from './breaker.ts'

function opened(more: { failures?: number; failingMs?: number } = {}) {
  const clock = standingClock()
  const changes: string[] = []
  const options = { dependency: 'postgres', failures: 3, failingMs: 5_000, openMs: 1_000, probeMs: 500, clock, ...more }
  const made = countingBreaker({ ...options, changed: (to) => changes.push(to) })
  return { clock, changes, breaker: made }
}

function fail(made: Breaker, times: number): void {
  for (let i = 0; i < times; i++) made.enter().end('down')
}

function refusalOf(made: Breaker): CallError {
  try {
    made.enter()
  } catch (error) {
    if (error instanceof CallError) return error
  }
  throw new Error('it was not refused')
}

describe('opening', () => {
  test('takes that many failures in a row', () => {
    const { breaker } = opened()
    fail(breaker, 2)
    breaker.enter().end('up')
    fail(breaker, 2)
    expect(breaker.state).toBe('closed')
    fail(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  test('or that long of nothing but failures, at least two', () => {
    const { breaker, clock } = opened({ failures: 100 })
    fail(breaker, 1)
    clock.advance(60_000)
    expect(breaker.state).toBe('closed')
    fail(breaker, 1)
    expect(breaker.state).toBe('open')
  })

  test('a call that never asked says nothing', () => {
    const { breaker } = opened({ failures: 1 })
    for (let i = 0; i < 10; i++) breaker.enter().end(undefined)
    expect(breaker.state).toBe('closed')
  })

  test('a permit counts once', () => {
    const { breaker } = opened({ failures: 2 })
    const permit = breaker.enter()
    permit.end('down')
    permit.end('down')
    expect(breaker.state).toBe('closed')
  })
})

describe('at agent rates, with the published settings', () => {
  /** Calls in step, each failing after `takesMs`; until one is refused. Every `wrongEvery`th has bad arguments: it never asks. */
  function outage(perSecond: number, takesMs: number, wrongEvery = Number.POSITIVE_INFINITY) {
    const { breaker, clock } = opened({ failures: 20, failingMs: 5_000 })
    const ends: { atMs: number; end: () => void }[] = []
    let letThrough = 0
    for (let i = 1; ; i++) {
      while (ends[0] && ends[0].atMs <= clock()) ends.shift()?.end()
      if (breaker.state === 'open' || i > 10_000) return { letThrough, openedAtMs: clock() }
      const permit = breaker.enter()
      if (i % wrongEvery === 0) permit.end(undefined)
      else {
        letThrough += 1
        ends.push({ atMs: clock() + takesMs, end: () => permit.end('down') })
      }
      clock.advance(1_000 / perSecond)
    }
  }

  test.each([5, 20, 200])('%i calls a second to a database that refuses: open after 20 failures, within 5 s', (perSecond) => {
    const { letThrough, openedAtMs } = outage(perSecond, 0)
    expect(letThrough).toBeLessThanOrEqual(21)
    expect(openedAtMs).toBeLessThanOrEqual(5_000)
  })

  test.each([5, 20, 200])('%i calls a second to a database that hangs for 2 s: open 5 s after the first has failed', (perSecond) => {
    const { letThrough, openedAtMs } = outage(perSecond, 2_000)
    expect(openedAtMs).toBeLessThanOrEqual(7_100)
    // What was let in while nobody could know yet, and 20 more.
    expect(letThrough).toBeLessThanOrEqual(Math.max(2 * perSecond + 21, (perSecond * openedAtMs) / 1_000))
  })

  test.each([5, 20, 200])('%i calls a second, half of them with bad arguments: not fooled', (perSecond) => {
    expect(outage(perSecond, 0, 2).openedAtMs).toBeLessThanOrEqual(10_000)
    const { breaker } = opened({ failures: 20, failingMs: 5_000 })
    for (let i = 0; i < 1_000; i++) breaker.enter().end(undefined)
    expect(breaker.state).toBe('closed')
  })
})

describe('open', () => {
  test('refuses with the time that is left', () => {
    const { breaker, clock } = opened()
    fail(breaker, 3)
    clock.advance(400)
    expect(refusalOf(breaker)).toMatchObject({ code: 'DEPENDENCY_UNAVAILABLE', details: { retryAfterMs: 600, scope: 'postgres' } })
    expect(breaker.remainingMs).toBe(600)
  })

  test('late verdicts of calls from before change nothing', () => {
    const { breaker } = opened()
    const early = [breaker.enter(), breaker.enter()]
    fail(breaker, 3)
    for (const permit of early) permit.end('up')
    expect(breaker.state).toBe('open')
  })
})

describe('half-open', () => {
  function halfOpen() {
    const all = opened()
    fail(all.breaker, 3)
    all.clock.advance(1_000)
    return { ...all, probe: all.breaker.enter() }
  }

  test('lets one probe through and refuses the others', () => {
    const { breaker, clock } = halfOpen()
    clock.advance(100)
    expect(breaker.state).toBe('half-open')
    expect(refusalOf(breaker).details.retryAfterMs).toBe(400)
  })

  test('closes when the probe succeeds', () => {
    const { breaker, probe, changes } = halfOpen()
    probe.end('up')
    expect(breaker.state).toBe('closed')
    fail(breaker, 2)
    expect(changes).toEqual(['open', 'half-open', 'closed'])
  })

  test('opens again when it fails', () => {
    const { breaker, probe } = halfOpen()
    probe.end('down')
    expect([breaker.state, breaker.remainingMs]).toEqual(['open', 1_000])
  })

  test('a probe that is never heard of again has failed; its late success is not believed', () => {
    const { breaker, probe, clock } = halfOpen()
    clock.advance(500)
    refusalOf(breaker)
    expect(breaker.state).toBe('open')
    probe.end('up')
    expect(breaker.state).toBe('open')
    clock.advance(1_000)
    breaker.enter().end('up')
    expect(breaker.state).toBe('closed')
  })

  test('a probe that never asked gives its place to the next, however late', () => {
    const { breaker, probe, clock } = halfOpen()
    probe.end(undefined)
    clock.advance(60_000)
    breaker.enter().end('up')
    expect(breaker.state).toBe('closed')
  })
})

describe('the control', () => {
  test('reports what the call learnt, and what it learnt alone', async () => {
    const { breaker: postgres } = opened({ failures: 1 })
    const breakers = { postgres, redis: postgres, upstream: postgres }
    const wrapped = (learnt: 'up' | 'down' | undefined) =>
      breaker.wrap(async (call) => {
        if (learnt) call.facts.postgres = learnt
        throw new CallError('INVALID_ARGUMENTS', 'x')
      }, running({ breakers }))
    expect(await codeOf(wrapped(undefined)(sampleCall()))).toBe('INVALID_ARGUMENTS')
    expect(await codeOf(wrapped('up')(sampleCall()))).toBe('INVALID_ARGUMENTS')
    expect(postgres.state).toBe('closed')
    await codeOf(wrapped('down')(sampleCall()))
    expect(await codeOf(wrapped('up')(sampleCall()))).toBe('DEPENDENCY_UNAVAILABLE')
  })

  test('lets through what needs no database', async () => {
    const { breaker: postgres } = opened({ failures: 1 })
    fail(postgres, 1)
    const { next, reached } = rest()
    const { tool: _, ...discovery } = sampleCall({ method: 'tools/list' })
    await breaker.wrap(next, running({ breakers: { postgres, redis: postgres, upstream: postgres } }))(discovery)
    expect(reached).toHaveLength(1)
  })

  test('of two dependencies refuses when either is away; what the other was asked for is given back', async () => {
    const { breaker: postgres, clock } = opened({ failures: 1 })
    const { breaker: upstream } = opened({ failures: 1 })
    const wrapped = breaker.wrap(rest().next, running({ breakers: { postgres, redis: postgres, upstream } }))
    fail(postgres, 1)
    fail(upstream, 1)
    clock.advance(1_000)
    // The probe of Postgres was let in, and upstream refused the call: its place goes to the next.
    expect(await codeOf(wrapped(sampleCall({ tool: quoteInvoice })))).toBe('DEPENDENCY_UNAVAILABLE')
    expect(postgres.state).toBe('half-open')
    expect(await codeOf(wrapped(sampleCall()))).toBe('served')
  })
})
