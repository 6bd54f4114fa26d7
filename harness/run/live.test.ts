import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { LiveFile } from './live.ts'

test('follows a file that grows, from before it exists to its last line', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-live-test-'))
  const file = path.join(folder, 'load.ndjson')
  const live = new LiveFile([file])
  appendFileSync(file, `${JSON.stringify({ kind: 'start', atMs: 1_000 })}\n{"kind":"se`)
  expect(await live.started).toBe(1_000)

  appendFileSync(file, `nd","call":"c1","sentAtMs":10}\n`)
  for (const [call, evidence] of Object.entries({ c2: { status: 429 }, c3: { status: 200, isError: true }, c4: { status: 0 } })) {
    appendFileSync(file, `${JSON.stringify({ kind: 'send', call, sentAtMs: 10 })}\n`)
    appendFileSync(file, `${JSON.stringify({ kind: 'end', call, endedAtMs: 12, ...evidence })}\n`)
  }
  appendFileSync(file, `${JSON.stringify({ kind: 'end', call: 'c1', endedAtMs: 110, status: 200 })}\nnot json\n`)
  await live[Symbol.asyncDispose]()

  expect(live.figures).toEqual({ offered: 4, ok: 1, refused: 1, failed: 2, p95Ms: 100 })
  rmSync(folder, { recursive: true })
})
