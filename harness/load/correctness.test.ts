import { expect, test } from 'vitest'
import type { Correctness } from '../plan/plan.ts'
import { at, isCorrect } from './correctness.ts'

const result = { structuredContent: { hits: [1, 2], page: 3, name: 'ab', none: null, 'a/b': { '~': true } } }
const read = (pointer: string) => at(result, pointer)
const given = { page: 3, filter: { name: 'ab' } }

test.each<[Correctness, boolean]>([
  [{ at: '/structuredContent/hits', is: 'array' }, true],
  [{ at: '/structuredContent/hits', is: 'object' }, false],
  [{ at: '/structuredContent/hits', minLength: 2 }, true],
  [{ at: '/structuredContent/hits', minLength: 3 }, false],
  [{ at: '/structuredContent/page', minLength: 1 }, false],
  [{ at: '/structuredContent/hits/1', equals: 2 }, true],
  [{ at: '/structuredContent/page', equals: '/arguments/page' }, true],
  [{ at: '/structuredContent/name', equals: '/arguments/filter/name' }, true],
  [{ at: '/structuredContent/name', equals: '/arguments/page' }, false],
  [{ at: '/structuredContent/none', equals: null }, true],
  [{ at: '/structuredContent/none', is: 'object' }, false],
  [{ at: '/structuredContent/missing' }, false],
  [{ at: '/structuredContent/name' }, true],
  [{ at: '', is: 'object' }, true],
  [{ at: '/content/0/type', or: '/structuredContent' }, true],
  [{ at: '/content/0/type', or: '/nowhere' }, false],
  [{ at: '/structuredContent/name', or: '/structuredContent/hits', is: 'array' }, false],
])('%j holds: %s', (rule, holds) => {
  expect(isCorrect([rule], read, given)).toBe(holds)
})

test('all rules must hold', () => {
  expect(isCorrect([], read, given)).toBe(true)
  expect(isCorrect([{ at: '/structuredContent/page', equals: 3 }, { at: '/nowhere' }], read, given)).toBe(false)
})

test('pointers are RFC 6901, and never lead into what an object inherits', () => {
  expect(at(result, '/structuredContent/a~1b/~0')).toBe(true)
  expect(at(result, '/structuredContent/hits/1')).toBe(2)
  expect(at(result, '/structuredContent/hits/length')).toBeUndefined()
  expect(at(result, '/constructor')).toBeUndefined()
})
