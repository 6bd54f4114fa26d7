import { expect, test } from 'vitest'
import { type Scenario, scenario } from '../scenario.ts'
import { assertWhole } from './whole-scenario.ts'

const lengths = { warmUpS: 0, steadyS: 5, stressS: 5, recoveryS: 5 }
const whole = { story: 'x', source: 'x', phases: { quick: lengths, full: lengths }, fleet: [], checks: [], essential: [] }
const tried = (changed: object) => () => assertWhole('mine', { ...scenario(whole), ...changed } as Scenario, 'quick')

test('takes a whole one', () => {
  expect(tried({})).not.toThrow()
})

test.each([
  [{ phases: undefined }, /phases\.quick\.warmUpS is no number of seconds/, 'phases: { quick: { warmUpS: 5'],
  [{ phases: { full: lengths } }, /phases\.quick\.warmUpS is no number/, 'quick'],
  [{ phases: { quick: { ...lengths, stressS: '5' } } }, /phases\.quick\.stressS is no number/, 'stressS'],
  [{ phases: { quick: { ...lengths, recoveryS: -1 } } }, /phases\.quick\.recoveryS is no number/, 'recoveryS'],
  [{ windows: [{ id: 'w', faults: [], lengths: { quick: { stressS: '5' } } }] }, /lengths\.quick\.stressS of the window w/, 'stressS: 5'],
  [{ windows: [{ id: 'w', faults: [], lengths: { quick: { steadyS: 5 } } }] }, /lengths\.quick\.steadyS of the window w/, 'stressS: 5'],
  [{ fleet: undefined }, /fleet is no list/, 'fleet: [steady('],
  [{ windows: {} }, /windows is no list/, 'or leave it out'],
  [{ checks: undefined }, /checks is no list/, 'checks: [fairness()]'],
  [{ essential: undefined }, /essential is no list/, 'without which it has said nothing'],
  [{ checks: [() => undefined] }, /"mine": checks\[0\] is a function/, 'call it: checks: [fairness()]'],
])('says what is missing, and what to type: %o', (changed, what, hint) => {
  expect(tried(changed)).toThrow(what)
  expect(tried(changed)).toThrow(expect.objectContaining({ code: 'SCENARIO_INVALID', hint: expect.stringContaining(hint) }))
})
