import { expect, test } from 'vitest'
import type { Settings } from '../config.ts'
import { around, codeOf, identity, rest, sampleCall } from '../fixtures/call.ts'
import { createInvoice } from '../tools/create-invoice.ts'
import { runQuery } from '../tools/run-query.ts'
import { scopes } from './scopes.ts'

const wrapped = () => around(rest().next, scopes, { settings: { AUTH: 'keys' } as Settings })
const holding = (...held: string[]) => ({ ...identity, scopes: new Set(held) })

test('a reader reads', async () => {
  expect(await codeOf(wrapped()(sampleCall()))).toBe('served')
})

test.each([
  [runQuery, 'mcp:tools:query'],
  [createInvoice, 'mcp:tools:write'],
])('$name wants its own scope, and the refusal names it', async (tool, scope) => {
  const error = await wrapped()(sampleCall({ tool })).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'INSUFFICIENT_SCOPE',
    details: { scope, headers: { 'www-authenticate': expect.stringContaining(`scope="mcp:tools:read ${scope}"`) } },
  })
  expect(await codeOf(wrapped()(sampleCall({ tool, identity: holding('mcp:tools:read', scope) })))).toBe('served')
})

test('a writer that may not read may nothing', async () => {
  expect(await codeOf(wrapped()(sampleCall({ tool: createInvoice, identity: holding('mcp:tools:write') })))).toBe('INSUFFICIENT_SCOPE')
})
