import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { LiveFile } from './live.ts'

test('follows a file that grows, from before it exists to its last line', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-live-test-'))
  const file = path.join(folder, 'load.ndjson')
  const live = new LiveFile([file], () => 105)
  appendFileSync(file, `${JSON.stringify({ kind: 'start', atMs: 1_000 })}\n{"kind":"se`)
  expect(await live.started).toBe(1_000)

  appendFileSync(file, `nd","call":"c1","role":"cheapRead","plannedAtMs":8,"sentAtMs":10}\n`)
  for (const [call, evidence] of Object.entries({ c2: { status: 429 }, c3: { status: 200, isError: true }, c4: { status: 0 } })) {
    appendFileSync(file, `${JSON.stringify({ kind: 'send', call, role: 'cheapRead', plannedAtMs: 10, sentAtMs: 10 })}\n`)
    appendFileSync(file, `${JSON.stringify({ kind: 'end', call, endedAtMs: 12, ...evidence })}\n`)
  }
  appendFileSync(file, `${JSON.stringify({ kind: 'end', call: 'c1', endedAtMs: 110, status: 200 })}\nnot json\n`)
  await live[Symbol.asyncDispose]()

  const counts = { offered: 4, good: 1, late: 0, refused: 1, failed: 2 }
  expect(live.figures(0)).toMatchObject({ counts, p95Ms: 100, sentLateMs: 2 })
  rmSync(folder, { recursive: true })
})

test('gives rates over the last two seconds, and tells late and wrong answers from good ones', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'stampede-live-test-'))
  const file = path.join(folder, 'load.ndjson')
  const call = (name: string, endedAtMs: number, more = {}) =>
    appendFileSync(
      file,
      `${JSON.stringify({ kind: 'send', call: name, role: 'cheapRead', plannedAtMs: 0, sentAtMs: 50 })}\n${JSON.stringify({ kind: 'end', call: name, endedAtMs, status: 200, ...more })}\n`,
    )
  appendFileSync(file, `${JSON.stringify({ kind: 'start', atMs: 0 })}\n`)
  const live = new LiveFile([file], (role) => (role === 'cheapRead' ? 300 : undefined))
  await live.started
  expect(live.figures(0).perSecond.offered).toBe(0)
  call('in-time', 300)
  call('too-late', 301)
  call('wrong', 100, { correct: false })
  await live[Symbol.asyncDispose]()
  expect(live.figures(1_500).perSecond).toMatchObject({ offered: 2, good: 2 / 3, late: 4 / 3 })
  expect(live.figures(4_000).perSecond.offered).toBe(0)
  rmSync(folder, { recursive: true })
})
