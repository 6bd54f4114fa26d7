import { expect, test } from 'vitest'
import { around, codeOf, rest, sampleCall } from '../fixtures/call.ts'
import { createInvoice } from '../tools/create-invoice.ts'
import { describeTable } from '../tools/describe-table.ts'
import { checkedArguments } from './arguments.ts'

test('what the schema allows goes on as the schema makes it', async () => {
  const { next, reached } = rest()
  const given = { customer: 'A', amountCents: 1, currency: 'EUR' }
  await around(next, checkedArguments, {})(sampleCall({ tool: createInvoice, arguments: given }))
  expect(reached[0]?.arguments).toEqual({ ...given, memo: '' })
})

test('what it does not allow is told by field, without the value, and goes no further', async () => {
  const { next, reached } = rest()
  const given = { customer: 'A', amountCents: -4_711, currency: 'somebody@example.org', extra: 1 }
  const error = await around(
    next,
    checkedArguments,
    {},
  )(sampleCall({ tool: createInvoice, arguments: given })).catch((thrown: Error) => thrown)
  expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS', message: expect.stringMatching(/amountCents: .*currency: .*extra/) })
  expect(String(error)).not.toMatch(/4711|example\.org/)
  expect(reached).toEqual([])
})

test.each([{ table: 'a\u0000b' }, { table: '\u0000' }])(
  'a character that Postgres cannot store is refused before it is asked',
  async (given) => {
    const { next, reached } = rest()
    const work = around(next, checkedArguments, {})(sampleCall({ tool: describeTable, arguments: given }))
    expect(await codeOf(work)).toBe('INVALID_ARGUMENTS')
    expect(reached).toEqual([])
  },
)
