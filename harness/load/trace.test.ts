import { expect, test } from 'vitest'
import { traces } from './trace.ts'

test('every task of every agent of every run has a trace of its own, always the same', () => {
  const seen = new Set<string>()
  for (const run of ['r1', 'r2']) {
    for (const agent of ['steady-01', 'steady-02', 'bursty-01']) {
      const trace = traces(run, agent)
      for (let task = 1; task <= 1_000; task++) {
        expect(trace(task)).toMatch(/^[0-9a-f]{32}$/)
        seen.add(trace(task))
      }
    }
  }
  expect(seen.size).toBe(6_000)
  expect(traces('r1', 'steady-01')(7)).toBe(traces('r1', 'steady-01')(7))
})

test('the last byte is spread, since samplers look at it', () => {
  const trace = traces('r1', 'steady-01')
  const lastBytes = Array.from({ length: 1_000 }, (_, task) => trace(task).slice(-2))
  expect(new Set(lastBytes).size).toBe(256)
  const firstOfLastWord = Array.from({ length: 1_000 }, (_, task) => trace(task)[24])
  expect(new Set(firstOfLastWord).size).toBe(16)
})
