import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { served } from '../../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../../tests/fixtures/histories/build.ts'
import { merge } from './merge.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-merge-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

// All checks are loaded: on a busy machine that takes its time.
test('a disk that fills up while a run is divided is named, with what is needed and what to type', { timeout: 60_000 }, async () => {
  await aRun()
    .agent('steady-01')
    .calls({ of: 'steady-01', fromMs: 100, toMs: 9_000, everyMs: 500, answer: served(20) })
    .writeTo(folder)
  const into = path.join(folder, 'elsewhere')
  await mkdir(path.join(into, 'parts/0'), { recursive: true })
  await symlink('/dev/full', path.join(into, 'parts/0/load.ndjson'))
  await expect(merge.run([folder, '--in-parts', '--into', into], [])).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: `the disk of ${into} filled up; it needs 1 MB for the calls`,
    hint: expect.stringContaining('--into <folder>'),
  })
})

test('a folder that is no run is refused', { timeout: 60_000 }, async () => {
  await expect(merge.run([folder, '--in-parts'], [])).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  await mkdir(path.join(folder, 'raw'))
  await writeFile(path.join(folder, 'raw/load.ndjson'), '{}\n')
  await expect(merge.run([folder, '--in-parts'], [])).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  await expect(merge.run([folder], [])).rejects.toMatchObject({ code: 'MERGE_NO_PLAN' })
})
