// What of docs/tutorial.md can be tried in seconds: its files are units that are found and planned.
// All of it: npm run test:long -- tutorial.
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyOfTree, tutorialSteps, typed, writeStep } from './fixtures/tutorial.ts'

const steps = tutorialSteps()
let tree = ''
beforeAll(() => {
  tree = mkdtempSync(path.join(os.tmpdir(), 'stampede-tutorial-'))
  copyOfTree(tree)
  for (const step of steps) if ('file' in step) writeStep(step, tree)
}, 60_000)
afterAll(() => rmSync(tree, { recursive: true, force: true }))

test('it has a red verdict, a persona, a fault, a check, a scenario, a weakness, a mutation and the matrix', () => {
  const files = steps.flatMap((step) => ('file' in step ? [path.dirname(step.file)] : []))
  const units = [
    'scenarios/personas',
    'harness/faults',
    'harness/checks',
    'scenarios',
    'reference-server/weaknesses',
    'tests/mutators/mutations',
  ]
  expect(units.filter((folder) => !files.includes(folder))).toEqual([])
  const commands = steps.flatMap((step) => ('command' in step ? [step] : []))
  expect(commands[0]).toMatchObject({ exits: 1 })
  expect(commands.some(({ command }) => command.startsWith('npm run matrix'))).toBe(true)
})

test('its scenario is planned with its persona, its fault and its check', { timeout: 60_000 }, async () => {
  const said = await typed({ command: `"${process.execPath}" harness/cli.ts scenario doubters --dry-run`, exits: 0 }, tree)
  for (const name of ['doubter', 'postgres-far-away', 'wait-bearable']) expect(said).toContain(name)
})

test('its check can fail, as every check must, and its change to a recorded run turns it alone', { timeout: 120_000 }, async () => {
  const files = 'tests/every-check-can-fail.test.ts tests/mutators/mutators.test.ts'
  const command = `"${process.execPath}" node_modules/vitest/vitest.mjs run --project unit ${files} -t "wait-bearable|quarter of an hour"`
  expect(await typed({ command, exits: 0 }, tree)).toMatch(/Tests +2 passed/)
})
