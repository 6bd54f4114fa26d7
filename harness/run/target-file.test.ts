import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Units } from '../discover.ts'
import { target } from '../target.ts'
import { findTarget } from './target-file.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-target-test-'))
const known = new Units('target', [
  {
    id: 'reference',
    path: path.join(ROOT, 'scenarios/targets/reference.ts'),
    exportName: 'default',
    value: target({ url: 'http://127.0.0.1:1' }),
  },
])

afterAll(() => rmSync(folder, { recursive: true }))

function written(name: string, text: string): string {
  const file = path.join(folder, name)
  writeFileSync(file, `import { target } from '${ROOT}/harness/target.ts'\n${text}`)
  return file
}

test('a target is found by id, and by path', async () => {
  expect((await findTarget('reference', known, ROOT)).id).toBe('reference')
  const file = written('mine.ts', "export default target({ url: 'http://127.0.0.1:3000/mcp' })\n")
  expect(await findTarget(file, known, ROOT)).toMatchObject({ id: 'mine', value: { url: 'http://127.0.0.1:3000/mcp' } })
})

test.each([
  ['an unknown id', 'referense', { code: 'UNKNOWN_TARGET', hint: 'did you mean reference?' }],
  ['a path with nothing there', './nowhere.ts', { code: 'TARGET_NOT_FOUND' }],
])('%s is refused', async (_, name, error) => {
  await expect(findTarget(name, known, ROOT)).rejects.toMatchObject(error)
})

test.each([
  ['no url', 'export default target({ tools: {} })\n', { code: 'TARGET_INVALID', hint: expect.stringContaining("url: '") }],
  [
    'a wrong type',
    "export default target({ url: 'http://127.0.0.1:1', agents: { count: 'ten' } })\n",
    { code: 'TARGET_INVALID', message: expect.stringMatching(/wrong\.ts\(2,\d+\).*number/s) },
  ],
  [
    'no target',
    'export const nothing: typeof target | undefined = undefined\n',
    { code: 'TARGET_INVALID', message: expect.stringContaining('exports no target') },
  ],
])('a file with %s is refused before anything starts', async (_, text, error) => {
  await expect(findTarget(written('wrong.ts', text), known, ROOT)).rejects.toMatchObject(error)
})
