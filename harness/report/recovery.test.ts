import { expect, it } from 'vitest'
import { exampleHistory } from './example/history.ts'
import { recoveriesOf } from './recovery.ts'

const hard = exampleHistory({ starved: true, fault: true })
const tookOf = (history = hard) => Object.fromEntries(recoveriesOf(history)[0]?.marks.map(({ name, tookMs }) => [name, tookMs]) ?? [])

it('counts from the verified heal, not from the plan', () => {
  const [recovery] = recoveriesOf(hard)
  expect(recovery).toMatchObject({ window: 'stress', end: 'postgres-latency healed', endMs: 19_060 })
  // The samples: waiting until 19.5 s, the breaker open until 20 s.
  expect(tookOf()).toMatchObject({ 'queues empty': 440, 'breakers closed': 940 })
  expect(tookOf()['95 % good again']).toBe(tookOf()['first good answer'])
})

it('says what never came, and what cannot be seen', () => {
  const bad = hard.calls.map((call) => (call.sentAtMs > 19_000 ? { ...call, good: false } : call))
  expect(tookOf({ ...hard, calls: bad })).toMatchObject({ 'first good answer': 'never', '95 % good again': 'never' })
  expect(tookOf({ ...hard, samples: [] })).toMatchObject({ 'queues empty': 'unseen', 'breakers closed': 'unseen' })
})

it('has no moment to count from when a fault was never seen healed', () => {
  const faults = hard.faults.filter(({ event }) => event !== 'healed')
  expect(recoveriesOf({ ...hard, faults })[0]).toMatchObject({ end: 'postgres-latency healed: never seen', marks: [] })
})
