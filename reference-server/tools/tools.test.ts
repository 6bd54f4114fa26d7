// What holds for every tool, read off its definition: what a client is told is true, and what the controls rely on is there.
import { describe, expect, test } from 'vitest'
import { settingsFrom } from '../config.ts'
import type { Log } from '../log.ts'
import { compose, TOOLS } from '../parts.ts'
import type { Tool } from './tool.ts'

const SCOPES = ['mcp:tools:query', 'mcp:tools:write', 'mcp:tools:money', 'mcp:tools:profile', 'mcp:approve', 'mcp:admin']
/** Below the 60 s at which stock clients give up. */
const LONGEST_MS = 25_000

interface Listing {
  description: string
  inputSchema: { additionalProperties?: boolean; properties: Record<string, unknown> }
  annotations: Record<string, boolean>
  _meta: Record<string, unknown>
}

const listingOf = (tool: Tool): Listing => tool.listing as unknown as Listing

test('they are offered in the order of their names, the same at every start', () => {
  const url = 'postgres://app@127.0.0.1/x'
  const settings = settingsFrom({ DATABASE_URL: url, DATABASE_ADMIN_URL: url, REDIS_URL: 'redis://127.0.0.1' })
  const names = [...compose(settings, {} as Log).tools.keys()]
  expect(names).toEqual(names.toSorted())
  expect(names.length).toBeGreaterThanOrEqual(16)
  expect(TOOLS.map(({ name }) => name)).toEqual(expect.arrayContaining(names))
})

describe.each(TOOLS.map((tool) => [tool.name, tool] as const))('%s', (_, tool) => {
  const { description, inputSchema, annotations, _meta } = listingOf(tool)
  const reads = tool.class === 'read'

  test('its annotations are true', () => {
    const upstream = tool.needs.some((need) => need.startsWith('upstream'))
    expect([annotations.readOnlyHint, annotations.openWorldHint]).toEqual([reads, upstream])
    if (reads) expect([annotations.destructiveHint, annotations.idempotentHint]).toEqual([false, true])
    if (tool.class === 'money') expect(annotations.destructiveHint).toBe(true)
    // Called twice with the same arguments a write is made once only where a key is demanded or nothing is added.
    if (inputSchema.properties.idempotencyKey && tool.class !== 'money') expect(annotations.idempotentHint).toBe(false)
  })

  test('takes nothing that it does not name, and says how long it takes', () => {
    expect(inputSchema.additionalProperties).toBe(false)
    expect(_meta).toEqual({ 'desk/deadlineMs': tool.deadlineMs, 'desk/sloMs': tool.sloMs, 'desk/cost': tool.cost })
    expect(tool.sloMs).toBeLessThan(tool.deadlineMs)
    expect(tool.deadlineMs).toBeLessThanOrEqual(LONGEST_MS)
    expect(description.length).toBeGreaterThan(20)
  })

  test('asks for known scopes, and names what it needs as fine as a table', () => {
    expect(tool.scopes.filter((scope) => !SCOPES.includes(scope))).toEqual([])
    expect(tool.needs.filter((need) => !/^(postgres|upstream):[a-z_]+$/.test(need))).toEqual([])
    expect(tool.needs).not.toEqual([])
    expect(tool.pool).toBe(reads && !tool.scopes.includes('mcp:admin') ? tool.cost : 'write')
  })

  test('a list that may be cut is in its output, with the words that say so', () => {
    if (tool.list === undefined) return
    const told = Object.keys(tool.output.shape)
    const paged = inputSchema.properties.cursor !== undefined
    expect(told).toEqual(expect.arrayContaining([tool.list, 'truncated', ...(paged ? ['cursor'] : [])]))
  })
})
