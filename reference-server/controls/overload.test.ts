import { expect, test } from 'vitest'
import { CallError } from '../errors.ts'
import { around, codeOf, sampleCall, served } from '../fixtures/call.ts'
import type { Next } from './control.ts'
import type { Gate } from './gate.ts'
import { overload } from './overload.ts'

function gate() {
  const seen = { inside: 0 }
  const open: Gate = {
    turnedAway() {
      seen.inside += 1
      return undefined
    },
    leave() {
      seen.inside -= 1
    },
    waited: () => undefined,
  }
  return { seen, open }
}

const refusing = (): never => {
  throw new CallError('RATE_LIMITED', 'x')
}

test.each<[string, Next, string]>([
  ['is served', async () => served, 'served'],
  ['is refused at once', refusing, 'RATE_LIMITED'],
  ['is refused after a wait', async () => refusing(), 'RATE_LIMITED'],
])('a call that %s has left the gate', async (_, next, code) => {
  const { seen, open } = gate()
  expect(await codeOf(around(next, overload, { gate: open })(sampleCall()))).toBe(code)
  expect(seen.inside).toBe(0)
})

test.each([
  [0, 2_000],
  [0.5, 2_500],
])('whoever is turned away is told a wait, spread by chance (%s), and was never inside', async (chance, retryAfterMs) => {
  const { seen, open } = gate()
  const shed: string[] = []
  const metrics = { shed: { inc: ({ tier }: { tier: string }) => shed.push(tier) } }
  const parts = { gate: { ...open, turnedAway: () => 0.5 }, metrics: metrics as never, random: () => chance }
  const refused = around(async () => served, overload, parts)(sampleCall())
  await expect(refused).rejects.toMatchObject({ code: 'OVERLOADED', details: { retryAfterMs, scope: 'normal' } })
  expect([seen.inside, shed]).toEqual([0, ['normal']])
})
