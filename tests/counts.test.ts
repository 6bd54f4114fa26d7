// The counts of a run that must agree: which calls the server's log may lack, and that it may lack no others.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildHistory } from '../harness/history/merge.ts'
import { ScenarioRun } from './fixtures/cli.ts'
import { closedUnread, served } from './fixtures/histories/answers.ts'
import { aRun } from './fixtures/histories/build.ts'

/** Two calls, the second told a 408 with nothing in it; the log has those of `logged`. */
async function disagreements(...logged: number[]): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-counts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).call({ of: 'a', atMs: 4_000, answer: closedUnread() })
  await story.writeTo(folder)
  const lines = logged.map((position) => JSON.stringify({ request_id: story.sends[position]?.call }))
  await writeFile(path.join(folder, 'raw', 'server-1.log'), `${lines.join('\n')}\n`)
  await buildHistory(folder)
  const answer = { scenario: 'story', target: 'fixture', seed: 7, status: 'pass', exitCode: 0, folder, checks: [] }
  return new ScenarioRun({ code: 0, stdout: '', stderr: '' }, answer).countsThatDisagree()
}

test('a call that was told a 408 with nothing in it may be missing from the log, or be there', async () => {
  expect(await disagreements(0)).toEqual([])
  expect(await disagreements(0, 1)).toEqual([])
})

test('it excuses no other: one that was answered must be there', async () => {
  expect(await disagreements(1)).toEqual([expect.stringContaining('2 calls reached the server, its log has 1')])
  expect(await disagreements()).toEqual([expect.stringContaining('its log has 0')])
})
