// Counts what vitest wrote: `node .ci/tally.mjs <results.json> <exit code of npm test>`. Its last line is "N passed, N failed".
// A test that did not run, a file that could not be loaded and a failure without a test all count as failed.
import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'

/**
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] }} Test
 *
 * @typedef {object} Results as vitest's json reporter writes them
 * @property {number} numPassedTests
 * @property {number} numFailedTests
 * @property {number} numPendingTests
 * @property {number} numTodoTests
 * @property {{ name: string, status: string, message?: string, assertionResults: Test[] }[]} testResults
 */

/**
 * @param {string} text what the file holds; empty when the tests never began
 * @param {number} exitCode
 * @returns {{ passed: number, failed: number, words: string[] }} `words` says what failed, a line each: the log above may be cut
 */
export function tally(text, exitCode) {
  const results = read(text)
  if (!results) return { passed: 0, failed: 1, words: ['the tests never began: see above'] }
  const words = []
  const unloaded = results.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  )
  for (const { assertionResults } of results.testResults)
    for (const { status, fullName, failureMessages = [] } of assertionResults)
      if (status === 'failed') words.push(`failed: ${fullName}${why(failureMessages[0])}`)
  for (const { name, message } of unloaded) words.push(`could not be run: ${name}${why(message)}`)
  const skipped = results.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status !== 'passed' && status !== 'failed')
  for (const { fullName } of skipped) words.push(`did not run: ${fullName}`)
  const { numPassedTests: passed } = results
  let failed = results.numFailedTests + unloaded.length + skipped.length
  if (failed === 0 && passed === 0) words.push('there were no tests')
  else if (failed === 0 && exitCode !== 0) words.push(`npm test ended with ${exitCode} although every test passed: see above`)
  if (words.length > 0 && failed === 0) failed = 1
  return { passed, failed, words }
}

/**
 * @param {string | undefined} message
 * @returns {string} its first line, at most 400 characters
 */
function why(message = '') {
  const line = stripVTControlCharacters(message).trim().split('\n', 1)[0] ?? ''
  return line === '' ? '' : `: ${line.slice(0, 400)}`
}

/**
 * @param {string} text
 * @returns {Results | undefined}
 */
function read(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

if (process.argv[1]?.endsWith('tally.mjs')) {
  const [, , file = '', exitCode = '1'] = process.argv
  const { passed, failed, words } = tally(readFileSync(file, 'utf8'), Number(exitCode))
  for (const line of words) console.log(`ci: ${line}`)
  console.log(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
