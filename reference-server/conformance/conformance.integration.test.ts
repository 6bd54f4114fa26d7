// The official suite, for both revisions that are served. What it fails with is in baseline.yml, each with its reason; an entry that
// does not fail any more is stale, and fails here.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type DeskServices, startDeskServices } from '../../tests/fixtures/desk-services.ts'
import { type Desk, openDesk } from '../fixtures/desk.ts'
import { withFixtures } from './fixtures.ts'

const SUITE = path.join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js')
const WITHIN_MS = 100_000

let services: DeskServices
let desk: Desk

beforeAll(async () => {
  services = await startDeskServices(AbortSignal.timeout(60_000))
  desk = await openDesk(services.addresses, {}, withFixtures)
})

afterAll(async () => {
  await desk?.[Symbol.asyncDispose]()
  await services?.[Symbol.asyncDispose]()
})

const baseline = readFileSync(new URL('./baseline.yml', import.meta.url), 'utf8')
const entries = parse(baseline) as Record<string, string[]>
const REVISIONS = ['2026-07-28', '2025-11-25']

async function suite(revision: string) {
  const expected = path.join(services.folder, `${revision}.yml`)
  writeFileSync(expected, JSON.stringify({ server: entries[revision] }))
  const options = ['--suite', 'all', '--spec-version', revision, '--expected-failures', expected]
  const child = spawn(process.execPath, [SUITE, 'server', '--url', desk.url, ...options], {
    cwd: services.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: AbortSignal.timeout(WITHIN_MS),
  })
  const [[code], said, complained] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  return { code: code as number | null, said: `${said}\n${complained}` }
}

test.each(REVISIONS)('%s: nothing fails but what the baseline names, and all of that does', async (revision) => {
  const { code, said } = await suite(revision)
  expect(code, said).toBe(0)
})

test('each entry of the baseline has its reason above it', () => {
  const lines = baseline.split('\n')
  const bare = lines.filter((line, i) => line.startsWith('  - ') && !/^ {2}# \S.{20,}/.test(lines[i - 1] ?? ''))
  expect(bare).toEqual([])
  expect(Object.keys(entries)).toEqual(REVISIONS)
})
