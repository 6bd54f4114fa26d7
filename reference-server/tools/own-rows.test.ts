import { expect, test } from 'vitest'
import { identity } from '../fixtures/call.ts'
import { ownRows } from './own-rows.ts'

test('gives the rows without their tenant', () => {
  expect(ownRows(identity, [{ tenant: 't0', id: 1 }])).toEqual([{ id: 1 }])
})

test.each([[{ tenant: 't1', id: 1 }], [{ id: 1 }], [{ tenant: null, id: 1 }]])("%o is nobody's to give", (row) => {
  expect(() => ownRows(identity, [{ tenant: 't0', id: 0 }, row])).toThrow(
    expect.objectContaining({ code: 'INTERNAL', cause: new Error('a query gave a row of another tenant') }),
  )
})
