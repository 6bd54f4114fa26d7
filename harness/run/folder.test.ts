import { mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRunFolder, pointLatest } from './folder.ts'

const START = new Date('2026-01-02T03:04:05.678Z')
let reports: string

beforeEach(() => {
  reports = mkdtempSync(path.join(os.tmpdir(), 'stampede-folder-test-'))
})
afterEach(() => rmSync(reports, { recursive: true, force: true }))

test('a folder is named by its start, and two within a second get two', async () => {
  const first = await createRunFolder(reports, 'runaway-loop', START)
  const second = await createRunFolder(reports, 'runaway-loop', START)
  expect(path.relative(reports, first.path)).toBe('runaway-loop/2026-01-02T03-04-05')
  expect(path.relative(reports, second.path)).toBe('runaway-loop/2026-01-02T03-04-05-2')
})

test('latest points at the newest', async () => {
  const first = await createRunFolder(reports, 'runaway-loop', START)
  await pointLatest(first.path)
  const second = await createRunFolder(reports, 'runaway-loop', START)
  await pointLatest(second.path)
  expect(readlinkSync(path.join(reports, 'runaway-loop/latest'))).toBe('2026-01-02T03-04-05-2')
})

test('a reports folder that cannot be written says which option to use', async () => {
  const file = path.join(reports, 'a-file')
  writeFileSync(file, '')
  await expect(createRunFolder(file, 'runaway-loop', START)).rejects.toMatchObject({
    code: 'REPORTS_NOT_WRITABLE',
    hint: expect.stringContaining('--reports'),
  })
})

test('too little space is refused before anything is started', async () => {
  await expect(createRunFolder(reports, 'runaway-loop', START, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({ code: 'DISK_FULL' })
})
