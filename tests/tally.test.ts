// What `.ci/run` ends with.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { tally } from '../.ci/tally.mjs'
import { ROOT } from './fixtures/source-files.ts'

/** As vitest writes it: one file with tests of these outcomes. */
function results(...statuses: string[]): string {
  const count = (status: string) => statuses.filter((each) => each === status).length
  return JSON.stringify({
    numPassedTests: count('passed'),
    numFailedTests: count('failed'),
    testResults: [
      {
        name: 'a.test.ts',
        status: statuses.includes('failed') ? 'failed' : 'passed',
        assertionResults: statuses.map((status) => ({
          status,
          fullName: `one that ${status}`,
          failureMessages: status === 'failed' ? ['\u001b[31mexpected 1\u001b[39m\n    at a.test.ts'] : [],
        })),
      },
    ],
  })
}

test('passed and failed are counted, and what failed is said', () => {
  expect(tally(results('passed', 'passed'), 0)).toEqual({ passed: 2, failed: 0, words: [] })
  expect(tally(results('passed', 'failed'), 1)).toEqual({ passed: 1, failed: 1, words: ['failed: one that failed: expected 1'] })
})

test('a test that did not run is a failure', () => {
  expect(tally(results('passed', 'skipped'), 0)).toEqual({ passed: 1, failed: 1, words: ['did not run: one that skipped'] })
})

test('a file that could not be loaded is a failure', () => {
  const text = JSON.stringify({
    numPassedTests: 3,
    numFailedTests: 0,
    testResults: [{ name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] }],
  })
  expect(tally(text, 1)).toEqual({ passed: 3, failed: 1, words: ['could not be run: b.test.ts: no such module'] })
})

test('a failure outside the tests, and no tests at all, are failures', () => {
  expect(tally(results('passed'), 1)).toMatchObject({ passed: 1, failed: 1 })
  expect(tally(results(), 0)).toMatchObject({ passed: 0, failed: 1, words: ['there were no tests'] })
  expect(tally('', 1)).toMatchObject({ passed: 0, failed: 1 })
})

test('the count stands alone on the last line', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'stampede-tally-'))
  try {
    const file = path.join(folder, 'results.json')
    await writeFile(file, results('passed', 'skipped'))
    const { code, stdout } = (await promisify(execFile)(process.execPath, [path.join(ROOT, '.ci', 'tally.mjs'), file, '0']).catch(
      (error: { code: number; stdout: string }) => error,
    )) as { code?: number; stdout: string }
    expect(stdout.trimEnd().split('\n').at(-1)).toBe('1 passed, 1 failed')
    expect(code).toBe(1)
  } finally {
    await rm(folder, { recursive: true })
  }
})
