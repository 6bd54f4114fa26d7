// Checks the other way round: one thing in what a hardened server's run recorded is changed, and exactly the checks that should notice
// turn. A change that is none (a slow call, a clock that drifts a little) must turn nothing.
import { describe, expect, test } from 'vitest'
import type { Status } from '../../harness/checks/check.ts'
import { discoverChecks } from '../../harness/command/units.ts'
import { mutations } from './mutations/all.ts'
import { BASES, type Recording, recorded, statusesOf } from './recording.ts'

const checks = await discoverChecks()
const before = new Map(BASES.map((base) => [base, statusesOf(recorded(base))]))

describe.each([...new Set(mutations.map(({ base }) => base))])('%s', (base) => {
  test.each(mutations.filter((mutation) => mutation.base === base).map((mutation) => [mutation.what, mutation] as const))(
    '%s',
    (_, { change, turns }) => {
      const run = recorded(base)
      change(run)
      const [was, is] = [before.get(base) ?? {}, statusesOf(run)]
      expect(textOf(run), 'nothing was changed').not.toBe(textOf(recorded(base)))
      const expected = turns === 'every pass to unknown' ? unknownInPlaceOfPass(was) : turns
      expect(turned(was, is, expected)).toEqual(expected)
    },
  )
})

test('there are sixty of them, and the base histories hold in what their scenarios ask', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(60)
  expect(new Set(mutations.map(({ what }) => what)).size).toBe(mutations.length)
  for (const base of BASES) {
    const asked = recorded(base).plan.checks.map(({ check }) => [check, before.get(base)?.[check]])
    expect(
      asked.filter(([, status]) => status !== 'pass'),
      base,
    ).toEqual([])
  }
})

/** What changed, less the passes that a gate which shut was bound to take along. */
function turned(was: Record<string, Status>, is: Record<string, Status>, expected: Record<string, Status>): Record<string, Status> {
  const shut = gates(is).filter((gate) => was[gate] !== 'unknown')
  const changed = Object.entries(is).filter(([check, status]) => status !== was[check])
  return Object.fromEntries(
    changed.filter(([check, status]) => check in expected || status !== 'unknown' || !shut.some((gate) => restsOn(check, gate))),
  ) as Record<string, Status>
}

function textOf({ server, ...run }: Recording): string {
  return JSON.stringify([run, [...(server ?? [])]])
}

function unknownInPlaceOfPass(was: Record<string, Status>): Record<string, Status> {
  return Object.fromEntries(Object.entries(was).flatMap(([check, status]) => (status === 'pass' ? [[check, 'unknown']] : [])))
}

function gates(statuses: Record<string, Status>): string[] {
  return checks.all.flatMap(({ id, value }) => (value.sort === 'gate' && statuses[id] === 'unknown' ? [id] : []))
}

function restsOn(check: string, gate: string): boolean {
  const definition = checks.all.find(({ id }) => id === check)?.value
  return check !== gate && (gate !== 'baseline-steady' || definition?.comparesWithBaseline === true)
}
