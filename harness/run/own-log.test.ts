import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copyOwnLog } from './own-log.ts'

let raw: string
beforeEach(() => {
  raw = mkdtempSync(path.join(os.tmpdir(), 'stampede-own-log-test-'))
})
afterEach(() => rmSync(raw, { recursive: true }))

test("takes the lines of this run's calls and no others", async () => {
  const file = path.join(raw, 'theirs.log')
  const mine = '{"id":"st1-a-t1-1"}'
  writeFileSync(file, `{"id":"st0-a-t1-1"}\n${mine}\nnot json\n`)
  await copyOwnLog(file, 'st1', { path: raw, raw, logs: raw })
  expect(readFileSync(path.join(raw, 'server-1.log'), 'utf8')).toBe(`${mine}\n`)
})

test('a log that is not there is said', async () => {
  await expect(copyOwnLog(path.join(raw, 'none.log'), 'st1', { path: raw, raw, logs: raw })).rejects.toMatchObject({
    code: 'LOG_NOT_READABLE',
  })
})
