import { expect, test } from 'vitest'
import { cpuTicks } from './cpu-ticks.ts'

test('all time of all cores, and what the host took; guests are counted once', () => {
  const text = 'cpu  100 10 50 800 20 1 9 310 70 7\ncpu0 1 2 3 4 5 6 7 8 9 10\n'
  expect(cpuTicks(text)).toEqual({ all: 1_300, stolen: 310 })
})
