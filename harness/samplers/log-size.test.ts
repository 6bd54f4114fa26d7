import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import type { Environment } from '../environment/service.ts'
import { logSize } from './log-size.ts'

const { signal } = new AbortController()
const environment = (logFiles: Record<string, string[]>): Environment => ({
  links: {},
  servers: [],
  url: 'http://127.0.0.1:1/mcp',
  logFiles,
})

it('adds up what each instance has written, and waits for files that are not there yet', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-log-'))
  try {
    const [out, err] = [path.join(folder, 'server-1.log'), path.join(folder, 'server-1.log.err')]
    await writeFile(out, 'x'.repeat(100))
    const both = environment({ '1': [out, err], '2': [path.join(folder, 'none')] })
    expect(await logSize.sample(both, {}, signal)).toEqual([
      { instance: '1', values: { logBytes: 100 } },
      { instance: '2', values: { logBytes: 0 } },
    ])
    await appendFile(err, 'y'.repeat(11))
    expect((await logSize.sample(both, {}, signal))[0]).toEqual({ instance: '1', values: { logBytes: 111 } })
    expect(await logSize.sample(environment({ log: [out] }), {}, signal)).toEqual([{ values: { logBytes: 100 } }])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

it('applies only where a log is known', () => {
  expect(logSize.applies(environment({}), {})).toBe(false)
  expect(logSize.applies(environment({ log: ['server.log'] }), {})).toBe(true)
})
