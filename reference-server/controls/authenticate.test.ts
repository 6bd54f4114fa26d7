import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { around, codeOf, identity, rest, sampleCall, standingClock } from '../fixtures/call.ts'
import { createKeys } from '../store/keys.ts'
import { authenticate } from './authenticate.ts'

const SECRET = 'a-secret-of-24-characters'
const hash = createHash('sha256').update(SECRET).digest('hex')
const row = { key_id: 'k0', agent: 'agent-0', tenant: 't0', scopes: ['mcp:tools:read'], error_surface: 'http', secret_hash: hash }

/** A key store over a table that may be taken away. */
function store() {
  const clock = standingClock()
  const state = { up: true, reachable: true, asked: 0, rows: [row] as (typeof row)[] }
  const keys = createKeys({
    async query({ values }) {
      state.asked += 1
      if (!state.up) throw new Error('connection refused')
      return state.rows.filter(({ key_id }) => key_id === values[0])
    },
    reachable: () => state.reachable,
    clock,
  })
  return { clock, state, keys }
}

const bearing = (authorization?: string) => {
  const { identity: _, ...call } = sampleCall({ headers: authorization === undefined ? {} : { authorization } })
  return call
}

describe('a bearer key', () => {
  test('names its agent', async () => {
    const { next, reached } = rest()
    await around(next, authenticate, { keys: store().keys })(bearing(`Bearer mcp_k0_${SECRET}`))
    expect(reached[0]?.identity).toEqual(identity)
  })

  test.each([
    ['none', undefined],
    ['another scheme', `Basic mcp_k0_${SECRET}`],
    ['not ours', 'Bearer eyJhbGciOiJSUzI1NiJ9'],
    ['a wrong secret', `Bearer mcp_k0_${SECRET}x`],
    ['an unknown id', `Bearer mcp_k9_${SECRET}`],
    ['something after it', `Bearer mcp_k0_${SECRET} more`],
  ])('%s is 401 with a challenge', async (_, authorization) => {
    const { next, reached } = rest()
    const error = await around(next, authenticate, { keys: store().keys })(bearing(authorization)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'UNAUTHENTICATED',
      details: { headers: { 'www-authenticate': expect.stringContaining('invalid_token') } },
    })
    expect(reached).toEqual([])
  })
})

describe('the key store', () => {
  const signal = new AbortController().signal

  test('is asked once in 30 s, and once for many at a time', async () => {
    const { keys, state, clock } = store()
    await Promise.all([1, 2, 3].map(() => keys.find('k0', signal)))
    clock.advance(29_999)
    await keys.find('k0', signal)
    expect(state.asked).toBe(1)
    clock.advance(2)
    await keys.find('k0', signal)
    expect(state.asked).toBe(2)
  })

  test('feels a revocation when its answer is no longer fresh', async () => {
    const { keys, state, clock } = store()
    await keys.find('k0', signal)
    state.rows = []
    clock.advance(30_001)
    expect(await keys.find('k0', signal)).toBeUndefined()
  })

  test('serves the last good key while Postgres is down, and asks nothing while its breaker is open', async () => {
    const { keys, state, clock } = store()
    await keys.find('k0', signal)
    state.up = false
    clock.advance(60_000)
    expect((await keys.find('k0', signal))?.identity.agent).toBe('agent-0')
    state.reachable = false
    const { asked } = state
    expect((await keys.find('k0', signal))?.identity.agent).toBe('agent-0')
    expect(state.asked).toBe(asked)
    clock.advance(15 * 60_000)
    expect(await codeOf(keys.find('k0', signal))).toBe('DEPENDENCY_UNAVAILABLE')
  })

  test('a key never seen is 503 while nobody can say, not 401', async () => {
    const { keys, state } = store()
    state.up = false
    expect(await codeOf(keys.find('k0', signal))).toBe('DEPENDENCY_UNAVAILABLE')
  })

  test('does not remember what it was reading when the key was revoked', async () => {
    const { promise: read, resolve: answer } = Promise.withResolvers<(typeof row)[]>()
    const answers = [read, Promise.resolve([])]
    const keys = createKeys({ query: () => answers.shift() ?? Promise.resolve([]), reachable: () => true, clock: standingClock() })
    const early = keys.find('k0', signal)
    keys.forget('k0')
    answer([row])
    expect((await early)?.identity.agent).toBe('agent-0')
    expect(await keys.find('k0', signal)).toBeUndefined()
  })

  test('looks for a bounded number of keys at once: guessed ids do not fill the connections that cancels need', async () => {
    const keys = createKeys({ query: () => new Promise(() => undefined), reachable: () => true, clock: standingClock() })
    for (let i = 0; i < 50; i++) void codeOf(keys.find(`guess-${i}`, signal))
    expect(await codeOf(keys.find('one-more', signal))).toBe('DEPENDENCY_UNAVAILABLE')
  })

  test('remembers unknown ids briefly, so that guessing is not a query each', async () => {
    const { keys, state, clock } = store()
    for (let i = 0; i < 5; i++) expect(await keys.find('guess', signal)).toBeUndefined()
    expect(state.asked).toBe(1)
    clock.advance(5_001)
    await keys.find('guess', signal)
    expect(state.asked).toBe(2)
  })

  test('guessed ids push no good key out, and keep none from being asked for anew', async () => {
    const { keys, state, clock } = store()
    await keys.find('k0', signal)
    for (let i = 0; i < 10_001; i++) await keys.find(`guess-${i}`, signal)
    state.reachable = false
    clock.advance(60_000)
    expect((await keys.find('k0', signal))?.identity.agent).toBe('agent-0')
    const hanging = new Promise<never>(() => undefined)
    const rows = [Promise.resolve([row]), ...Array.from({ length: 50 }, () => hanging), Promise.resolve([])]
    const flooded = createKeys({ query: () => rows.shift() ?? hanging, reachable: () => true, clock })
    await flooded.find('k0', signal)
    for (let i = 0; i < 50; i++) void codeOf(flooded.find(`guess-${i}`, signal))
    clock.advance(30_001)
    expect(await flooded.find('k0', signal)).toBeUndefined()
  })
})
