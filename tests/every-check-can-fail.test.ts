// A check that nothing can turn red is not yet a check: a weakness of the reference server turns it, and a change to a recorded
// run. What no server can turn stands here with why: gates judge the run, not the server, and shut instead of failing.
import { expect, test } from 'vitest'
import { discoverChecks } from '../harness/command/units.ts'
import { allWeaknesses } from './fixtures/weaknesses.ts'
import { mutations } from './mutators/mutations/all.ts'

const NO_SERVER: Readonly<Record<string, string>> = {
  'load-offered': 'It judges the generator: whether it was on time, and its record whole.',
  'fault-felt': 'It judges the harness: whether its own faults took hold and were healed.',
  'baseline-steady':
    'It judges whether there is a calm to compare with. A server that wavers there cannot be told from a machine that does.',
}

const checks = await discoverChecks()
const caught = new Map((await allWeaknesses()).map(({ id, value }) => [value.caughtBy.check, id]))

test.each(checks.ids.filter((id) => !(id in NO_SERVER)))('%s is turned red by a weakness and by a change to a recorded run', (id) => {
  expect(caught.get(id), 'a weakness that names it').toBeDefined()
  expect(mutations.some(({ turns }) => typeof turns === 'object' && turns[id] === 'fail')).toBe(true)
})

test.each(Object.keys(NO_SERVER))('%s is a gate, and a change to a recorded run shuts it', (id) => {
  expect(caught.has(id)).toBe(false)
  expect(checks.all.find((unit) => unit.id === id)?.value.sort).toBe('gate')
  expect(mutations.some(({ turns }) => typeof turns === 'object' && turns[id] === 'unknown')).toBe(true)
})
