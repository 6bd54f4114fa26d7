import { describe, expect, test } from 'vitest'
import { type Answer, refused, served, toolError, unavailable } from '../../tests/fixtures/histories/answers.ts'
import { aRun, type Story } from '../../tests/fixtures/histories/build.ts'
import { find, verdictOf } from '../../tests/fixtures/histories/judged.ts'
import type { Credential } from '../plan/plan.ts'
import { authTruthful } from './auth-truthful.ts'

const told = (status: number, challenge?: string, code = 'UNAUTHENTICATED'): Answer => ({
  afterMs: 5,
  evidence: { status, contentType: 'application/json', parsed: true, data: { code, retryable: false }, ...(challenge && { challenge }) },
})
const INVALID = told(401, 'Bearer realm="mcp", error="invalid_token"')
const NO_SCOPE = told(403, 'Bearer realm="mcp", error="insufficient_scope", scope="mcp:tools:query"', 'INSUFFICIENT_SCOPE')

const noSuchTool: Answer = toolError('', 5, { message: "Unknown tool: 'run_query'", data: {} })

const tried = (...calls: [Credential | undefined, Answer, number?][]) => {
  const story = aRun().agent('intruder-01', { persona: 'intruder', hostile: true })
  calls.forEach(([credential, answer, atMs], n) => {
    story.call({ of: 'intruder-01', atMs: atMs ?? 3_000 + n * 100, answer, ...(credential && { credential }) })
  })
  return story
}
const down = (story: Story) => story.fault('identity-provider-down', { on: 'identity-provider', fromMs: 10_000, toMs: 14_000 })
const rotated = (story: Story) => story.fault('keys-rotated', { on: 'identity-provider', fromMs: 15_000, toMs: 16_000 })

describe('auth-truthful', () => {
  test('holds when each gets what it is good for', () => {
    const story = tried(
      ...([
        ['expired', INVALID],
        ['revoked', INVALID],
        ['wrong-audience', INVALID],
        ['malformed', INVALID],
      ] as [Credential, Answer][]),
      ['wrong-scope', NO_SCOPE],
      ['wrong-tenant', told(403)],
      [undefined, served()],
    )
    expect(find(authTruthful, story)).toMatchObject({ status: 'pass', measured: 0, samples: 6, says: expect.stringContaining('1 revoked') })
  })

  test.each<[string, Credential | undefined, Answer, RegExp]>([
    ['a token that is out of date is let in', 'expired', served(), /let in with a credential that is expired/],
    ['one without the scope is let in', 'wrong-scope', served(), /let in with a credential that is wrong-scope/],
    ['an error of its own says so', 'expired', toolError('TOKEN_TOO_OLD'), /told an error that is neither 401 nor 403/],
    ['the server falls over one', 'expired', told(500, undefined, 'INTERNAL'), /expired told 500/],
    ['one that is revoked is a bad request', 'revoked', told(400, undefined, 'BAD_REQUEST'), /revoked told 400/],
    ['it falls over one that it cannot check', 'new-key', told(500, undefined, 'INTERNAL'), /new-key told 500/],
    ['one without the scope is told 401', 'wrong-scope', INVALID, /only lacks a scope told 401/],
    ['a revoked one is told 403', 'revoked', NO_SCOPE, /revoked told 403/],
    ['a 401 has no challenge', 'malformed', told(401), /401 without a challenge/],
    [
      'a 401 says that a scope is missing',
      'expired',
      told(401, 'Bearer error="insufficient_scope"'),
      /challenge that says insufficient_scope/,
    ],
    ['a 403 does not say what is missing', 'wrong-scope', told(403, 'Bearer realm="mcp"'), /does not say insufficient_scope/],
    ['an agent’s own is told 401', undefined, INVALID, /right token told 401/],
    ['an agent’s own is told so by a tool', undefined, toolError('UNAUTHENTICATED'), /right token told 401/],
    ['it is sent to a page to log in at', 'expired', { afterMs: 5, evidence: { status: 302, parsed: false } }, /neither 401 nor 403/],
    ['a page to log in at is the answer', 'expired', { afterMs: 5, evidence: { status: 200, parsed: false } }, /neither 401 nor 403/],
    ['a worthless one is told that there is no such tool', 'expired', noSuchTool, /neither 401 nor 403/],
    ['an agent’s own is told that it lacks a scope', undefined, NO_SCOPE, /lacks a scope/],
  ])('fails when %s', (_, credential, answer, says) => {
    expect(find(authTruthful, tried(['expired', INVALID], [credential, answer]))).toMatchObject({
      status: 'fail',
      measured: 1,
      witnesses: [1],
      says: expect.stringMatching(says),
    })
  })

  test('what says nothing of the token is no flaw', () => {
    const story = tried(['expired', refused()], ['revoked', unavailable()], [undefined, told(403, undefined, 'POLICY_REVIEW_REQUIRED')])
    expect(find(authTruthful, story).status).toBe('pass')
    const unreached: Answer = { afterMs: 5, evidence: { status: 502, contentType: 'text/html', parsed: false } }
    expect(find(authTruthful, tried(['expired', INVALID], ['expired', unreached])).status).toBe('pass')
    expect(find(authTruthful, tried(['malformed', told(400, undefined, 'BAD_REQUEST')])).status).toBe('pass')
    const asTool = tried(...['RATE_LIMITED', 'OVERLOADED', 'DRAINING'].map((code) => ['expired', toolError(code)] as [Credential, Answer]))
    expect(find(authTruthful, asTool)).toMatchObject({ status: 'pass', samples: 3 })
    expect(find(authTruthful, tried(['expired', toolError('INVALID_ARGUMENTS')])).status).toBe('fail')
  })

  test('a kind of token of which nothing was told is unknown; a few that a budget turned away are none', () => {
    const times = (n: number, answer: Answer) => Array.from({ length: n }, () => ['expired', answer] as [Credential, Answer])
    for (const answer of [unavailable(), refused(), toolError('OVERLOADED')]) {
      const found = find(authTruthful, tried(...times(5, answer), ['revoked', INVALID]))
      expect(found).toMatchObject({ status: 'unknown', says: expect.stringContaining('5 calls with a credential that is expired') })
      expect(find(authTruthful, tried(...times(5, answer), ['expired', INVALID])).status).toBe('pass')
      expect(find(authTruthful, tried(...times(5, answer), ['revoked', served()])).status).toBe('fail')
    }
  })

  test('who lacks a scope may see no such tool', () => {
    const asRpc: Answer = { afterMs: 5, evidence: { status: 200, parsed: true, rpcCode: -32_602, message: 'Tool run_query not found' } }
    for (const answer of [noSuchTool, asRpc])
      expect(find(authTruthful, tried(...Array.from({ length: 6 }, () => ['wrong-scope', answer] as [Credential, Answer]))).status).toBe(
        'pass',
      )
  })

  test('a key that nobody has is worth nothing: told so, or that it cannot be sought now', () => {
    const down5 = (answer: Answer) => down(tried(['unknown-key', INVALID], ['unknown-key', answer, 11_000]))
    for (const answer of [unavailable(), INVALID, refused()]) expect(find(authTruthful, down5(answer)).status).toBe('pass')
    expect(find(authTruthful, down5(served()))).toMatchObject({ status: 'fail', says: expect.stringContaining('is unknown-key') })
    expect(find(authTruthful, tried(['unknown-key', told(400, undefined, 'BAD_REQUEST')])).status).toBe('fail')
    const never = Array.from({ length: 6 }, () => ['unknown-key', unavailable()] as [Credential, Answer])
    expect(find(authTruthful, tried(...never))).toMatchObject({ status: 'unknown', says: expect.stringContaining('is unknown-key') })
  })

  test('a fault that was not felt proves nothing of what could be checked', () => {
    const unfelt = (story: Story) => {
      const kept = story.faults.filter(({ event }) => event !== 'felt')
      story.faults.splice(0, story.faults.length, ...kept)
      return story
    }
    expect(find(authTruthful, unfelt(down(tried(['new-key', INVALID, 11_000])))).status).toBe('pass')
    expect(find(authTruthful, unfelt(rotated(tried(['new-key', INVALID, 17_000])))).status).toBe('pass')
  })

  test('a new key that is published and never let in is no pass; nor are old tokens wrongly refused whose key is forgotten', () => {
    const later = Array.from({ length: 6 }, (_, n) => ['new-key', unavailable(), 17_000 + n * 100] as [Credential, Answer, number])
    expect(find(authTruthful, rotated(tried(...later)))).toMatchObject({ status: 'unknown', says: expect.stringContaining('published') })
    expect(find(authTruthful, rotated(tried(...later, ['new-key', served(), 18_000]))).status).toBe('pass')
    const own = (old: string) =>
      tried(['expired', INVALID], [undefined, INVALID, 17_000]).fault('keys-rotated', {
        ...{ on: 'identity-provider', fromMs: 15_000, toMs: 16_000 },
        parameters: { old },
      })
    expect(find(authTruthful, own('kept')).status).toBe('fail')
    expect(find(authTruthful, own('forgotten')).status).toBe('pass')
  })

  test('what cannot be checked is 503: neither 401 nor in', () => {
    expect(find(authTruthful, down(tried(['new-key', unavailable(), 11_000])))).toMatchObject({ status: 'pass' })
    expect(find(authTruthful, down(tried(['new-key', INVALID, 11_000])))).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('could not be checked told 401'),
    })
    expect(find(authTruthful, down(tried(['new-key', served(), 11_000]))).status).toBe('fail')
    // On the edges nobody can say what could be known.
    for (const atMs of [9_999, 13_999, 14_500]) expect(find(authTruthful, down(tried(['new-key', INVALID, atMs]))).status).toBe('pass')
  })

  test('a new key is wrong until it is published, and right a second after that', () => {
    expect(find(authTruthful, rotated(tried(['new-key', INVALID, 12_000], ['new-key', served(), 17_000]))).status).toBe('pass')
    expect(find(authTruthful, rotated(tried(['new-key', INVALID, 15_500]))).status).toBe('pass')
    expect(find(authTruthful, rotated(tried(['new-key', INVALID, 17_000])))).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('new key told 401'),
    })
    expect(find(authTruthful, rotated(tried(['new-key', served(), 12_000]))).status).toBe('fail')
  })

  test('what is revoked midway is right until then, and wrong a second later', () => {
    const story = (...calls: [Credential, Answer, number][]) => {
      const told = tried(...calls)
      told.manifest.revoked = { fromMs: 5_000, toMs: 5_040 }
      return told
    }
    const untilThen: [Credential, Answer, number][] = [
      ['revoked', served(), 4_000],
      ['revoked', served(), 4_990],
      ['revoked', served(), 5_900],
    ]
    expect(find(authTruthful, story(...untilThen, ['revoked', INVALID, 6_100]))).toMatchObject({ status: 'pass', samples: 1 })
    expect(find(authTruthful, story(...untilThen, ['revoked', served(), 6_100]))).toMatchObject({
      status: 'fail',
      measured: 1,
      witnesses: [3],
    })
    expect(find(authTruthful, story(['revoked', INVALID, 4_000], ['revoked', INVALID, 7_000]))).toMatchObject({
      status: 'fail',
      says: expect.stringContaining('with a right token told 401'),
    })
  })

  test('has no weight when nobody tried, unknown where it is essential', () => {
    expect(find(authTruthful, tried([undefined, served()]))).toMatchObject({ notExercised: true })
    expect(verdictOf(tried([undefined, served()]).check('auth-truthful', {}, { essential: true }), 'auth-truthful').status).toBe('unknown')
  })

  test('is not judged when the target mints no credentials', () => {
    expect(verdictOf(tried(['expired', INVALID]).hides('credentials', 'line'), 'auth-truthful')).toMatchObject({
      status: 'not-judged',
      addLine: 'line',
    })
  })
})
