// Bodies that never end take nobody's room, and all of them together never hold more than they may.
import { expect, test } from 'vitest'
import { boundBodies } from './bodies.ts'
import { standingClock } from './fixtures/call.ts'

function bounded(maxBytes = 1_000) {
  const clock = standingClock()
  const bodies = boundBodies(maxBytes, clock)
  const cut: string[] = []
  const begin = (name: string, bytes: number) => {
    const body = bodies.begin(() => cut.push(name))
    body.more(bytes)
    return body
  }
  return { clock, bodies, cut, begin }
}

const OVERLOADED = expect.objectContaining({ code: 'OVERLOADED', details: expect.objectContaining({ retryAfterMs: 1_000 }) })

test('are bounded together while they come, not only when they begin', () => {
  const { bodies, begin, cut } = bounded()
  const [first, second] = [begin('first', 400), begin('second', 400)]
  expect(() => first.more(300)).toThrow(OVERLOADED)
  first.end()
  expect([bodies.bytes, cut]).toEqual([400, []])
  second.more(600)
  second.end()
  expect(bodies.bytes).toBe(0)
})

test('the one that has been coming for longest gives way once it is slow, and is not counted twice when it ends', () => {
  const { clock, bodies, begin, cut } = bounded()
  const stalled = begin('stalled', 600)
  clock.advance(500)
  begin('later', 300)
  expect(() => begin('early', 200)).toThrow(OVERLOADED)
  clock.advance(500)
  begin('newcomer', 500)
  expect(cut).toEqual(['stalled'])
  stalled.end()
  expect(bodies.bytes).toBe(1_000)
})

test('one that is whole is at work, and is not cut', () => {
  const { clock, begin, cut } = bounded()
  begin('at work', 900).whole()
  clock.advance(60_000)
  expect(() => begin('newcomer', 200)).toThrow(OVERLOADED)
  expect(cut).toEqual([])
})
