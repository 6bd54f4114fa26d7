// The counts of a run that must agree: which calls the server's log may lack, and that it may lack no others.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { buildHistory } from '../harness/history/merge.ts'
import { ScenarioRun } from './fixtures/cli.ts'
import { closedUnread, gaveUp, served } from './fixtures/histories/answers.ts'
import { aRun, type Story } from './fixtures/histories/build.ts'

const crossed = () =>
  aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).call({ of: 'a', atMs: 4_000, answer: closedUnread() })

/** A second call that was given up, and who waited to be accepted each second meanwhile. */
function lined(...waiting: number[]): Story {
  const story = aRun().agent('a').call({ of: 'a', atMs: 3_000, answer: served() }).call({ of: 'a', atMs: 4_000, answer: gaveUp() })
  for (const [n, acceptQueue] of waiting.entries()) story.sample('accept-queue', 4_500 + n * 1_000, { acceptQueue })
  return story
}

/** The log has those calls of a story that are named by their place in it. */
async function disagreements(story: Story, ...logged: number[]): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'stampede-counts-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await story.writeTo(folder)
  const lines = logged.map((position) => JSON.stringify({ request_id: story.sends[position]?.call }))
  await writeFile(path.join(folder, 'raw', 'server-1.log'), `${lines.join('\n')}\n`)
  await buildHistory(folder)
  const answer = { scenario: 'story', target: 'fixture', seed: 7, status: 'pass', exitCode: 0, folder, checks: [] }
  return new ScenarioRun({ code: 0, stdout: '', stderr: '' }, answer).countsThatDisagree()
}

test('a call that was told a 408 with nothing in it may be missing from the log, or be there', async () => {
  expect(await disagreements(crossed(), 0)).toEqual([])
  expect(await disagreements(crossed(), 0, 1)).toEqual([])
})

test('it excuses no other: one that was answered must be there', async () => {
  expect(await disagreements(crossed(), 1)).toEqual([expect.stringContaining('2 calls reached the server, its log has 1')])
  expect(await disagreements(crossed())).toEqual([expect.stringContaining('its log has 0')])
})

test('a call that was given up while others stood at the door may be missing too; not where the door was free meanwhile', async () => {
  expect(await disagreements(lined(30, 31, 12, 7, 1, 1), 0)).toEqual([])
  expect(await disagreements(lined(30, 31, 12, 0, 1, 1), 0)).toEqual([expect.stringContaining('its log has 1')])
  expect(await disagreements(lined(), 0)).toEqual([expect.stringContaining('its log has 1')])
})
