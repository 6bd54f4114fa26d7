import { expect, test } from 'vitest'
import { mcpName } from './mcp-name.ts'

test.each(['list_tables', 'a b', 'x/y.z-1'])('%j travels as it is', (name) => {
  expect(mcpName(name)).toBe(name)
})

test.each(['größe', '表', '🦔🦔', ' padded', 'line\nbreak', '', '=?base64?eA==?='])('%j travels encoded, and decodes to itself', (name) => {
  const [, encoded = ''] = /^=\?base64\?(.*)\?=$/.exec(mcpName(name)) ?? []
  expect(Buffer.from(encoded, 'base64').toString()).toBe(name)
  expect(encoded).toBe(Buffer.from(name).toString('base64'))
})
