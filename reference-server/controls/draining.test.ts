import { expect, test } from 'vitest'
import { around, codeOf, rest, running, sampleCall } from '../fixtures/call.ts'
import { draining } from './draining.ts'

test('serves until it is told to stop, then refuses with a wait and ends the connection', async () => {
  const state = running({ draining: false })
  const wrapped = around(rest().next, draining, state)
  expect(await codeOf(wrapped(sampleCall()))).toBe('served')
  state.draining = true
  const error = await wrapped(sampleCall()).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'DRAINING', details: { retryAfterMs: 1_000, headers: { connection: 'close' } } })
})
