import { expect, it } from 'vitest'
import { Rotation } from './rotation.ts'

const nobody = new Set<number>()
const turns = (rotation: Rotation, count: number) => Array.from({ length: count }, () => rotation.next(nobody))

it('gives each its turn', () => {
  expect(turns(new Rotation([1, 2, 3]), 6)).toEqual([1, 2, 3, 1, 2, 3])
})

it('ejects who refuses at once, who is silent the second time, and takes both back', () => {
  const rotation = new Rotation([1, 2, 3])
  rotation.hear(1, 'refused', 10)
  rotation.hear(2, 'silent', 20)
  expect(rotation.states).toEqual({ 1: 'out', 2: 'in', 3: 'in' })
  rotation.hear(2, 'silent', 30)
  expect(new Set(turns(rotation, 4))).toEqual(new Set([3]))
  rotation.hear(1, 'ready', 40)
  rotation.hear(2, 'ready', 50)
  expect(new Set(turns(rotation, 6))).toEqual(new Set([1, 2, 3]))
  expect(rotation.changes.map(({ atMs, instance, state }) => [atMs, instance, state])).toEqual([
    [10, 1, 'out'],
    [30, 2, 'out'],
    [40, 1, 'in'],
    [50, 2, 'in'],
  ])
})

it('forgives one silence that an answer follows', () => {
  const rotation = new Rotation([1, 2])
  for (const heard of ['silent', 'ready', 'silent', 'ready'] as const) rotation.hear(1, heard, 0)
  expect(rotation.changes).toEqual([])
})

it('gives nothing new to one that drains, not even when nobody else is in', () => {
  const rotation = new Rotation([1, 2])
  rotation.hear(1, 'not-ready', 0)
  expect(turns(rotation, 2)).toEqual([2, 2])
  rotation.hear(2, 'refused', 0)
  expect(turns(rotation, 2)).toEqual([2, 2])
  rotation.hear(2, 'not-ready', 0)
  expect(rotation.next(nobody)).toBeUndefined()
})

it('leaves out those that were tried', () => {
  const rotation = new Rotation([1, 2])
  expect(rotation.next(new Set([1]))).toBe(2)
  expect(rotation.next(new Set([1, 2]))).toBeUndefined()
})
