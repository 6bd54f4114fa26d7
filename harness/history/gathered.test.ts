import { expect, test } from 'vitest'
import { served } from '../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../tests/fixtures/histories/build.ts'
import { byEnd, intentsOfRegulars, needing, notServed } from './gathered.ts'

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

test('intents of agents that asked in the steady phase too, in whichever phase', () => {
  const story = aRun().agent('a').agent('b').agent('c', { hostile: true })
  for (const of of ['a', 'b', 'c']) story.call({ of, atMs: 12_000, answer: served() }).call({ of, atMs: 20_000, answer: served() })
  story.call({ of: 'a', atMs: 3_000, answer: served() }).call({ of: 'c', atMs: 3_000, answer: served() })
  story.call({ of: 'b', atMs: 1_000, answer: served() }).call({ of: 'b', atMs: 3_000, role: 'handshake', answer: served() })
  expect(intentsOfRegulars(story.history()).map(({ first }) => [first.agent, first.phase])).toEqual([
    ['a', 'steady'],
    ['a', 'stress'],
    ['a', 'recovery'],
  ])
})
