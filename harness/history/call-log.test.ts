import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readCallLogs } from './call-log.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'stampede-logs-'))
  await mkdir(path.join(folder, 'raw'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('finds the lines of a call in any log, whatever their form, and no others', async () => {
  await writeFile(
    path.join(folder, 'raw', 'server-1.log'),
    [
      '{"request_id":"r7-a-01-t1-1","duration_ms":4}',
      '{"request_id":"r7-a-01-t1-11","duration_ms":5}',
      'took r7-a-01-t1-1, then r7-a-01-t1-2. r7-a-01-t1-1 again',
      '',
    ].join('\n'),
  )
  await writeFile(path.join(folder, 'raw', 'server-2.log'), `r7-a-01-t1-2 ${'x'.repeat(10_000)}\n`)
  await writeFile(path.join(folder, 'raw', 'server-1.log.err'), 'r7-a-01-t1-1 is not looked for here\n')
  const logs = await readCallLogs(folder, 'r7', new Set(['r7-a-01-t1-1', 'r7-a-01-t1-2', 'r7-b']))
  expect([...logs.keys()]).toEqual(['r7-a-01-t1-1', 'r7-a-01-t1-2'])
  expect(logs.get('r7-a-01-t1-1')?.map(({ where }) => where)).toEqual(['server-1.log:1', 'server-1.log:3'])
  const [, long] = logs.get('r7-a-01-t1-2') ?? []
  expect(long?.where).toBe('server-2.log:1')
  expect(long?.text).toHaveLength(2_000)
})

it('keeps eight lines of a call', async () => {
  await writeFile(path.join(folder, 'raw', 'server-3.log'), 'r7-c\n'.repeat(20))
  expect((await readCallLogs(folder, 'r7', new Set(['r7-c']))).get('r7-c')).toHaveLength(8)
})

it('is empty without logs, and without calls', async () => {
  expect((await readCallLogs('/nowhere', 'r7', new Set(['r7-c']))).size).toBe(0)
  expect((await readCallLogs(folder, 'r7', new Set())).size).toBe(0)
})
