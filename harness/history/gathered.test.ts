import { expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { byEnd, needing, notServed } from './gathered.ts'

const story = aRun().agent('a').agent('b').agent('c')
story.call({ of: 'a', atMs: 3_000, answer: served(900) }).call({ of: 'b', atMs: 3_100, role: 'external', answer: served(100) })
story.call({ of: 'c', atMs: 3_200 })
const history = story.history()

test('calls that came to an end, the first to end first', () => {
  expect(byEnd(history).map(({ agent }) => agent)).toEqual(['b', 'a'])
})

test('calls whose role needs the dependency; of another dependency others', () => {
  expect(needing(history, 'postgres').map(({ agent }) => agent)).toEqual(['a', 'c'])
  expect(needing(history, 'upstream').map(({ agent }) => agent)).toEqual(['b'])
  expect(needing(history, 'server')).toHaveLength(3)
})

test('whoever was not served, answered or not', () => {
  expect(notServed(history).map(({ agent }) => agent)).toEqual(['c'])
})
