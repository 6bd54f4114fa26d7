import { expect, test } from 'vitest'
import type { RawAnswer } from './evidence.ts'
import { tenantsIn } from './tenants.ts'

const PLACES = [{ at: '/structuredContent/rows', each: '/tenant' }, { at: '/structuredContent/owner' }]
const message = (structuredContent: object) => JSON.stringify({ jsonrpc: '2.0', id: 'c1', result: { content: [], structuredContent } })
const rows = (...tenants: (string | undefined)[]) => tenants.map((tenant) => ({ n: 1, tenant }))

/** As k6 looks values up: `rows.#.tenant` gives that of each item. */
function lookedUp(body: string): RawAnswer['peek'] {
  return (path) => {
    let value: unknown = JSON.parse(body)
    const [list, each] = path.split('.#.')
    for (const step of (list ?? '').split('.')) value = (value as Record<string, unknown> | undefined)?.[step]
    return each === undefined ? value : (value as Record<string, unknown>[] | undefined)?.flatMap((item) => item[each] ?? [])
  }
}

/** Parsed, as server-sent events, and by look-ups: all three say the same. */
const all = (structured: object) => {
  const body = message(structured)
  const raw = (type: string, text: string): RawAnswer => ({ status: 200, header: () => type, body: text })
  const parsed = tenantsIn(raw('application/json', body), PLACES)
  expect(tenantsIn(raw('text/event-stream', `event: message\ndata: ${body}\n\n`), PLACES)).toEqual(parsed)
  const peek = lookedUp(body)
  expect(tenantsIn({ ...raw('application/json', body), ...(peek && { peek }) }, PLACES)).toEqual(parsed)
  return parsed
}

test('each tenant once, of lists and of single values', () => {
  expect(all({ rows: rows('t0', 't0', 't1'), owner: 't2' })).toEqual(['t0', 't1', 't2'])
  expect(all({ rows: rows('t0', undefined), owner: 7 })).toEqual(['t0', '7'])
})

test('nothing where there is nothing, and never more than ten', () => {
  expect(all({})).toEqual([])
  expect(all({ rows: [] })).toEqual([])
  expect(all({ rows: rows(...Array.from({ length: 40 }, (_, n) => `t${n}`)) })).toHaveLength(10)
})

test('a name that an engine would look up otherwise is read from the whole', () => {
  const body = message({ rows: [{ 'owner.id': 't0' }, { 'owner.id': 't1' }] })
  const peek = lookedUp(body)
  const raw: RawAnswer = { status: 200, header: () => 'application/json', body, ...(peek && { peek }) }
  expect(tenantsIn(raw, [{ at: '/structuredContent/rows', each: '/owner.id' }])).toEqual(['t0', 't1'])
})
