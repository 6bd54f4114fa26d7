import { expect, test } from 'vitest'
import { parseScenarioOptions, SCENARIO_OPTIONS, SHAPE_NOTHING } from './options.ts'

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
    dryRun: false,
    faults: [],
    json: false,
    unknown: 'fail',
    reports: 'reports',
    starve: false,
    waitS: 20,
    command: 'npm run scenario runaway-loop -- --seed 1 --scale quick',
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

const GIVEN: Record<string, string[]> = {
  seed: ['7'],
  scale: ['full'],
  target: ['my targets/staging.ts'],
  weaken: ['no-agent-limit'],
  fleet: ['langchain:10, claude-code:5'],
  protocol: ['2025-06-18'],
  driver: ['undici'],
  generators: ['3'],
  kubernetes: ['kind-kind'],
  parallelism: ['4'],
  image: ['ours:1'],
  'k6-image': ['grafana/k6:2.1.0'],
  namespace: ['load'],
  collector: ['http://127.0.0.1:6570/'],
  k6: ['/opt/k6'],
  postgres: ['postgres://ann@127.0.0.1:5432/x'],
  redis: ['redis://127.0.0.1:6379'],
  containers: [],
  images: ['postgres=postgres:17'],
  fault: ['postgres-lock'],
  toxiproxy: ['http://127.0.0.1:8474/'],
  otlp: ['http://127.0.0.1:4318/'],
  wait: ['5'],
  halt: ['errorShare>0.5 for 10s'],
  'halt-promql': ['up{job="api"} == 0'],
  prometheus: ['http://127.0.0.1:9090/'],
  starve: [],
}

test('every option shapes a run and is in its line, or is said to shape nothing', () => {
  expect([...Object.keys(GIVEN), ...SHAPE_NOTHING, 'help'].sort()).toEqual([...SCENARIO_OPTIONS].sort())
  const options = parseScenarioOptions(['x', ...Object.entries(GIVEN).flatMap(([name, values]) => [`--${name}`, ...values])])
  expect(Object.keys(GIVEN).filter((name) => !options.command.includes(` --${name}`))).toEqual([])
  const again = parseScenarioOptions(wordsOf(options.command).filter((word) => word !== '--'))
  expect(JSON.stringify(again)).toBe(JSON.stringify(options))
})

test('what shapes nothing is not in the line, and neither is a password', () => {
  const words = ['x', '--json', '--open', '--reports', 'r', '--port', '4000', '--unknown', 'warn', '--otlp', 'https://me:hidden@host/v1']
  expect(parseScenarioOptions(words).command).toBe('npm run scenario x -- --seed 1 --scale quick --otlp https://host/v1')
})

/** As a shell reads them, behind `npm run scenario`. */
function wordsOf(command: string): string[] {
  return Array.from(command.matchAll(/'([^']*)'|[^\s']+/g), ([word, quoted]) => quoted ?? word).slice(3)
}
