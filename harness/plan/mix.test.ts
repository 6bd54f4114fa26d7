import { expect, test } from 'vitest'
import { type CheckDefinition, check } from '../checks/check.ts'
import { Units } from '../discover.ts'
import { choice } from '../parameters.ts'
import { type PersonaDefinition, persona } from '../persona.ts'
import { scenario } from '../scenario.ts'
import { withFleet } from './mix.ts'

const plain = { summary: 'x', source: 'x', parameters: {}, tasks: () => [], act: () => Promise.resolve() }
const steady = persona(plain)
const bursty = persona(plain)
const runaway = persona({ ...plain, hostile: true })
const stack = persona(plain)
const unit = <T>(id: string, value: T) => ({ id, path: `${id}.ts`, exportName: id, value })
const personas = new Units<PersonaDefinition>('persona', [unit('stack', stack.definition as unknown as PersonaDefinition)])
const gate = check({
  code: 'G3',
  title: 'x',
  why: 'x',
  remedy: { control: 'x', do: 'x' },
  source: 'x',
  sort: 'gate',
  needs: [],
  limits: { refusals: choice(['none', 'allowed'], 'none') },
  judge: () => ({ status: 'pass', samples: 0, says: '' }),
})
const units = {
  personas,
  checks: new Units<CheckDefinition>('check', [unit('baseline-steady', gate.definition as unknown as CheckDefinition)]),
}
const phases = { warmUpS: 1, steadyS: 1, stressS: 1, recoveryS: 1 }
const against = (fleet: ReturnType<typeof steady>[]) =>
  unit('made-up', scenario({ story: 'x', source: 'x', phases: { quick: phases, full: phases }, fleet, checks: [], essential: [] }))
const stress = [runaway({ agents: 1, role: 'cheapRead' }), bursty({ agents: 2, role: 'cheapRead', during: 'stress' })]
const measured = [
  steady({ agents: 12, role: 'cheapRead' }),
  steady({ agents: 4, role: 'expensiveRead' }),
  steady({ agents: 4, role: 'cheapRead' }),
]

test('newcomers take the roles of those they replace, in the same proportions; the stress stays', () => {
  const { fleet } = withFleet(
    against([...measured, ...stress]),
    [
      { persona: 'stack', agents: 6 },
      { persona: 'stack', agents: 1 },
    ],
    units,
  ).value
  expect(fleet.slice(0, 3).map(({ persona: who, membership }) => [who === (stack.definition as never), membership])).toEqual([
    [true, { agents: 5, role: 'cheapRead' }],
    [true, { agents: 1, role: 'expensiveRead' }],
    [true, { agents: 1, role: 'cheapRead' }],
  ])
  expect(fleet.slice(3)).toEqual(stress)
})

test('without a mix the scenario is what it was', () => {
  const given = against([...measured, ...stress])
  expect(withFleet(given, [], units)).toBe(given)
})

test('an unknown persona, and nobody to replace', () => {
  expect(() => withFleet(against(measured), [{ persona: 'stak', agents: 1 }], units)).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_PERSONA', hint: 'did you mean stack?' }),
  )
  expect(() => withFleet(against(stress), [{ persona: 'stack', agents: 1 }], units)).toThrow(
    expect.objectContaining({ code: 'FLEET_UNPLACED' }),
  )
})

test('refusals in the steady phase are part of it, unless the scenario has said what it thinks of them', () => {
  const mix = [{ persona: 'stack', agents: 1 }]
  expect(withFleet(against(measured), mix, units).value.checks).toEqual([{ check: gate.definition, limits: { refusals: 'allowed' } }])
  const strict = against(measured)
  strict.value.checks = [gate({ refusals: 'none' })]
  expect(withFleet(strict, mix, units).value.checks).toEqual(strict.value.checks)
})
