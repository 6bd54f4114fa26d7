import { expect, test } from 'vitest'
import { parseScenarioOptions } from './options.ts'

test('defaults', () => {
  expect(parseScenarioOptions(['runaway-loop'])).toEqual({
    name: 'runaway-loop',
    target: 'reference',
    fleet: [],
    seed: 1,
    scale: 'quick',
    driver: 'k6',
    generators: 1,
    list: false,
    open: false,
    help: false,
    dryRun: false,
    faults: [],
    json: false,
    unknown: 'fail',
    reports: 'reports',
    starve: false,
    waitS: 20,
  })
})

test('options', () => {
  const words = [
    'x',
    '--weaken',
    'w',
    '--seed',
    '7',
    '--scale',
    'full',
    '--target',
    't',
    '--json',
    '--dry-run',
    '--port',
    '4000',
    '--unknown',
    'warn',
  ]
  expect(parseScenarioOptions(words)).toMatchObject({
    weaken: 'w',
    seed: 7,
    scale: 'full',
    target: 't',
    json: true,
    dryRun: true,
    port: 4000,
    unknown: 'warn',
  })
})

test.each([
  [['x', '--seed', 'seven'], '--seed is "seven"', '--seed must be a whole number from 0 to 4294967295'],
  [['x', '--seed', '4294967296'], '--seed is "4294967296"', '--seed must be a whole number from 0 to 4294967295'],
  [['x', '--scale', 'huge'], '--scale is "huge"', '--scale must be quick or full'],
  [['x', '--port', '0'], '--port is "0"', '--port must be a whole number from 1 to 65535'],
  [['x', '--protocol', '2024-11-05'], '--protocol is "2024-11-05"', '--protocol must be 2026-07-28 or 2025-11-25 or 2025-06-18'],
  [['x', '--weakn', 'w'], "Unknown option '--weakn'", 'did you mean --weaken?'],
  [['x', '--seed'], "Option '--seed <value>' argument missing", 'see: npm run scenario -- --help'],
  [['x', 'y'], 'one scenario at a time, not "x" and "y"', 'npm run scenario <name> -- [options]'],
])('%j is refused with what to type', (words, message, hint) => {
  expect(() => parseScenarioOptions(words)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', message: expect.stringContaining(message), hint }),
  )
})

test('a fleet is ids and numbers', () => {
  const { fleet } = parseScenarioOptions(['x', '--fleet', 'langchain:10, claude-code:5'])
  expect(fleet).toEqual([
    { persona: 'langchain', agents: 10 },
    { persona: 'claude-code', agents: 5 },
  ])
})

test.each(['', 'langchain', 'langchain:0', 'langchain:-1', 'langchain:1.5', 'langchain:10,', ':3'])('--fleet %j is refused', (text) => {
  expect(() => parseScenarioOptions(['x', '--fleet', text])).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', hint: expect.stringContaining('langchain:10') }),
  )
})
