import { expect, test } from 'vitest'
import { fullest } from '../../plan/at-most.ts'
import { Gate } from './gate.ts'

test('no window of a second lets out more than the cap, whatever becomes due at once', () => {
  let nowMs = 0
  const gate = new Gate(5, () => nowMs)
  const turns: number[] = []
  for (const dueMs of [0, 0, 0, 400, 400, 400, 400, 990, 1_001, 1_001, 3_000, 3_000]) {
    nowMs = dueMs
    turns.push(gate.reserve())
  }
  expect(turns.slice(0, 5)).toEqual([0, 0, 0, 400, 400])
  expect(turns[5]).toBe(1_000)
  expect(fullest(turns)).toBe(5)
  expect(turns.at(-1)).toBe(3_000)
})
