import { expect, test } from 'vitest'
import { leadsOf } from './leads.ts'

const raw = (result: object, status = 200) => ({
  status,
  header: () => 'application/json',
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, result }),
})
const folders = [{ at: '/structuredContent/folders', each: '/path', argument: 'path' }]

test('an item leads to a call that differs in one argument', () => {
  const result = { structuredContent: { folders: [{ path: '/a' }, { path: '/b' }, { name: 'no path' }] } }
  expect(leadsOf(raw(result), folders, { path: '/', limit: 10 })).toEqual([
    { path: '/a', limit: 10 },
    { path: '/b', limit: 10 },
  ])
})

test('a single value is a list of one; null and nothing lead nowhere', () => {
  const pages = [{ at: '/structuredContent/nextCursor', argument: 'cursor' }]
  expect(leadsOf(raw({ structuredContent: { nextCursor: 'x' } }), pages, {})).toEqual([{ cursor: 'x' }])
  expect(leadsOf(raw({ structuredContent: { nextCursor: null } }), pages, {})).toEqual([])
  expect(leadsOf(raw({}), pages, {})).toEqual([])
})

test('a cursor that wants to be alone is', () => {
  const pages = [{ at: '/structuredContent/cursor', argument: 'cursor', alone: true }]
  expect(leadsOf(raw({ structuredContent: { cursor: 'x' } }), pages, { sql: 'select 1' })).toEqual([{ cursor: 'x' }])
})

test('bounded, and nothing comes of a failure', () => {
  const result = { structuredContent: { folders: Array.from({ length: 500 }, (_, n) => ({ path: n })) } }
  expect(leadsOf(raw(result), folders, {})).toHaveLength(100)
  expect(leadsOf(raw(result, 429), folders, {})).toEqual([])
})
