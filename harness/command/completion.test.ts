import { expect, test } from 'vitest'
import { shownNames } from './commands.ts'
import { candidates } from './completion.ts'

const NAMES = {
  scenarios: ['runaway-loop', 'redis-outage'],
  targets: ['reference', 'staging'],
  faults: ['postgres-lock'],
  weaknesses: ['no-agent-limit'],
}

const SOURCES = {
  namesOf: (kind: keyof typeof NAMES) => NAMES[kind],
  helpOf: async (command: string) =>
    ({
      run: '  --scale quick|full  how long\n  --driver k6|undici  what\n  --dry-run  tells\n  --reports <folder>  where; as by --json\n',
      init: '  --no-calls  none\n  --out <file.ts>  where\n',
    })[command],
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
  [['run', 'runaway-loop', '--reports', ''], []],
  [
    ['run', '--json', ''],
    ['runaway-loop', 'redis-outage'],
  ],
  [['run', 'runaway-loop', '--target=s'], ['--target=staging']],
  [['init', 'http://127.0.0.1:3000/mcp', '--no'], ['--no-calls']],
  [['nothing', '--'], []],
])('%j', async (words, expected) => {
  expect((await candidates(words, shownNames(), SOURCES)).sort()).toEqual([...expected].sort())
})

test('the first word is a command that the help shows', async () => {
  const first = await candidates([''], shownNames(), SOURCES)
  expect(first).toEqual(expect.arrayContaining(['demo', 'run', 'explain', '--version']))
  expect(first).not.toContain('complete')
})
