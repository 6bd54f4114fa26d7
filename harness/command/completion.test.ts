import { expect, test } from 'vitest'
import { shownNames } from './commands.ts'
import { candidates } from './completion.ts'

const NAMES = {
  scenarios: ['runaway-loop', 'redis-outage'],
  targets: ['reference', 'staging'],
  faults: ['postgres-lock'],
  weaknesses: ['no-agent-limit'],
}

test.each([
  [['ju'], ['judge']],
  [
    ['run', ''],
    ['runaway-loop', 'redis-outage'],
  ],
  [['run', 'runaway-loop', '--target', 's'], ['staging']],
  [['run', 'runaway-loop', '--weaken', ''], ['no-agent-limit']],
  [['run', 'runaway-loop', '--scale', 'f'], ['full']],
  [
    ['run', 'runaway-loop', '--dr'],
    ['--driver', '--dry-run'],
  ],
  [['explain', 'red'], ['redis-outage']],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['judge', 'reports/'], []],
  [
    ['run', 'runaway-loop', '--reports', ''],
    ['runaway-loop', 'redis-outage'],
  ],
])('%j', (words, expected) => {
  expect(candidates(words, shownNames(), (kind) => NAMES[kind]).sort()).toEqual([...expected].sort())
})

test('the first word is a command that the help shows', () => {
  const first = candidates([''], shownNames(), (kind) => NAMES[kind])
  expect(first).toEqual(expect.arrayContaining(['demo', 'run', 'explain', '--version']))
  expect(first).not.toContain('complete')
})
