// The README's table of settings is what config.ts does.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { settingsFrom } from './config.ts'

const readme = readFileSync(new URL('./README.md', import.meta.url), 'utf8')
const needed = { DATABASE_URL: 'postgres://x', DATABASE_ADMIN_URL: 'postgres://x', REDIS_URL: 'redis://x' }

test('each setting is in the table with its default, and no other', () => {
  const defaults = Object.entries(settingsFrom(needed)).map(([name, value]) => {
    const said = name in needed || typeof value === 'object' || value === '' ? '' : `\`${String(value)}\``
    return `| \`${name}\` | ${said} |`
  })
  const rows = [...readme.matchAll(/^\| `[A-Z_]+` \| (?:`[^`]*`)? \|/gm)].map(([row]) => row)
  expect(rows.toSorted()).toEqual(defaults.toSorted())
})
