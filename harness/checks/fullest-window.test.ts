import { expect, test } from 'vitest'
import { generatorOf } from '../history/bootstrap.ts'
import { fullestWindow } from './fullest-window.ts'

const call = (sentAtMs: number, tookMs = 10) => ({ sentAtMs, endedAtMs: sentAtMs + tookMs })

test('a burst is found between quiet stretches', () => {
  const calls = [call(0), call(5_000), call(5_010), call(5_020), call(9_000)]
  expect(fullestWindow(calls, 0.001)).toEqual({ fromMs: 5_000, toMs: 5_030, calls: 3 })
})

test('a call that reaches out of a window does not count in it', () => {
  expect(fullestWindow([call(0, 100), call(10, 10)], 1)).toEqual({ fromMs: 10, toMs: 20, calls: 1 })
})

test('without calls there is no window', () => {
  expect(fullestWindow([], 1)).toBeUndefined()
})

test('it is the window that looking at all of them finds', () => {
  const unit = generatorOf(3)
  for (let round = 0; round < 200; round++) {
    const calls = Array.from({ length: 1 + Math.floor(unit() * 25) }, () => call(Math.floor(unit() * 200), 1 + Math.floor(unit() * 60)))
    const perMs = unit() / 10
    const excessOf = (fromMs: number, toMs: number) => {
      const held = calls.filter(({ sentAtMs, endedAtMs }) => sentAtMs >= fromMs && endedAtMs <= toMs).length
      return held === 0 ? Number.NEGATIVE_INFINITY : held - perMs * (toMs - fromMs)
    }
    const best = Math.max(...calls.flatMap(({ sentAtMs }) => calls.map(({ endedAtMs }) => excessOf(sentAtMs, endedAtMs))))
    const found = fullestWindow(calls, perMs)
    expect(found && excessOf(found.fromMs, found.toMs)).toBeCloseTo(best, 6)
    expect(found && found.calls - perMs * (found.toMs - found.fromMs)).toBeCloseTo(best, 6)
  }
})
