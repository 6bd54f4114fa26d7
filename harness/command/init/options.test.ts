import { afterEach, expect, test, vi } from 'vitest'
import { parseInitOptions } from './options.ts'

afterEach(() => void vi.unstubAllEnvs())

test('several headers are sent, and stand in the file by the names of their variables', async () => {
  vi.stubEnv('STAGING_KEY', 'k')
  vi.stubEnv('STAGING_TOKEN', 't')
  const { headers } = parseInitOptions([
    'http://x/mcp',
    '--header-from',
    'x-api-key=STAGING_KEY',
    '--header-from',
    'authorization=STAGING_TOKEN',
  ])
  expect(await headers?.give()).toEqual({ 'x-api-key': 'k', authorization: 'Bearer t' })
  expect(headers?.text.expression).toBe(
    "() => ({ 'x-api-key': `${process.env.STAGING_KEY ?? ''}`, 'authorization': `Bearer ${process.env.STAGING_TOKEN ?? ''}` })",
  )
})

test.each([
  [['--header-from', 'x-api-key'], /--header-from is "x-api-key"/],
  [['--header-from', 'x-api-key=NOWHERE_TO_BE_FOUND'], /the environment has no NOWHERE_TO_BE_FOUND/],
  [['--header-from', 'a=PATH', '--token-file', 'f'], /several ways to get in/],
])('%j is refused', (words, message) => {
  expect(() => parseInitOptions(['http://x/mcp', ...words])).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }))
})
