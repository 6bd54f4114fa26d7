// Every command of the table tells how it is typed. What it can be told besides is held against what it parses, where that is a table too.
import { beforeAll, describe, expect, it } from 'vitest'
import { COMMANDS, helpText } from './commands.ts'
import { FLEET } from './fleet/options.ts'
import { SCENARIO_OPTIONS } from './scenario/options.ts'

const helps: Record<string, string> = {}
// All of the program is loaded: on a busy machine that takes its time.
beforeAll(async () => {
  for (const [name, command] of Object.entries(COMMANDS)) helps[name] = (await command.load()).help
}, 60_000)

const helpOf = (name: string) => helps[name] ?? ''

/** As npm passes options on: only behind `--`. */
const TYPED = /(npm run|mcp-stampede|node harness\/cli\.ts) ([a-z]+)/

describe.each(Object.keys(COMMANDS))('%s --help', (name) => {
  it('says what it does, the line to type, and an example', () => {
    const help = helpOf(name)
    const [does = '', usage = ''] = help.split('\n\n')
    expect(does).toMatch(/^[A-Z][\s\S]{30,}[.:]$/)
    const itself = name === 'run' ? 'scenario' : name
    expect(TYPED.exec(usage)?.[2]).toBe(itself)
    const [, example = ''] = /^Examples?:\s+([\s\S]*?)\n/m.exec(help) ?? []
    expect(TYPED.exec(example)?.[2]).toBe(itself)
    expect(help.endsWith('\n')).toBe(true)
  })

  it('tells its options, or that it has none', () => {
    const help = helpOf(name)
    expect(/^ {2}--[a-z]/m.test(help) || /takes no options/.test(help)).toBe(true)
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(140)
  })
})

it('every option of a scenario is told, those of a fleet by the export at the latest', () => {
  const told = `${helpOf('scenario')}${helpOf('export')}`
  expect([...SCENARIO_OPTIONS, ...Object.keys(FLEET)].filter((name) => name !== 'help' && !told.includes(`--${name}`))).toEqual([])
})

it('the general help has a line for each command that a person types', () => {
  const lines = helpText().split('\n')
  const missing = Object.entries(COMMANDS).filter(([name, { hidden }]) => !hidden && !lines.some((line) => line.startsWith(`  ${name} `)))
  expect(missing).toEqual([])
})

it.each(['demo', 'list'])('%s, which takes nothing, does not overlook a word', async (name) => {
  const program = await COMMANDS[name]?.load()
  await expect(async () => program?.run(['postgres-outage'], [])).rejects.toMatchObject({
    code: 'BAD_OPTION',
    hint: expect.stringContaining(`npm run ${name}`),
  })
})

it('study refuses a driver that there is not before it begins', async () => {
  const program = await COMMANDS.study?.load()
  await expect(async () => program?.run(['capacity', '--driver', 'k7'], [])).rejects.toMatchObject({
    code: 'BAD_OPTION',
    message: expect.stringContaining('k7'),
  })
})
