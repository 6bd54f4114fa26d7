import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { LineFile } from './line-file.ts'

test('lines are whole and in order', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-lines-test-'))
  const name = path.join(folder, 'x.ndjson')
  {
    await using file = await LineFile.create<number>(name)
    for (let n = 0; n < 100; n++) file.append(n)
  }
  expect(readFileSync(name, 'utf8')).toBe(`${Array.from({ length: 100 }, (_, n) => n).join('\n')}\n`)
  rmSync(folder, { recursive: true })
})

test('a full disk is an error that says what to do', async () => {
  await using file = await LineFile.create<string>('/dev/full')
  file.append('x')
  await expect(file.flush()).rejects.toMatchObject({ code: 'DISK_FULL', hint: expect.stringContaining('--reports') })
})
