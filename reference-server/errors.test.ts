// The table, the runbook and what is raised agree.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { asCallError, CallError, ERRORS, type ErrorCode, specificationCode } from './errors.ts'
import { retryGuidance } from './guidance.ts'
import { refusal, toolError } from './refusal.ts'

const runbook = readFileSync(path.join(import.meta.dirname, 'operations/runbook.md'), 'utf8')
const codes = Object.keys(ERRORS) as ErrorCode[]

describe('the runbook', () => {
  const entries = runbook.split('\n## ').slice(1)

  test('has an entry for every code, and none for others', () => {
    expect(entries.map((entry) => entry.split('\n')[0]).toSorted()).toEqual(codes.toSorted())
  })

  test.each(entries.map((entry) => [entry.split('\n')[0], entry]))('%s: owner, meaning, where to look, what to do', (_, entry) => {
    for (const part of ['Owner', 'Meaning', 'Look at', 'Do']) expect(entry).toMatch(new RegExp(`- \\*\\*${part}:\\*\\* .{5,}`))
  })
})

describe('the table', () => {
  test('gives each code of ours its own number, outside what JSON-RPC and MCP keep', () => {
    const own = codes.map((code) => ERRORS[code].rpcCode).filter((number) => number > 0)
    expect(new Set(own).size).toBe(own.length)
    expect(own.every((number) => number >= 40_000 && number < 60_000)).toBe(true)
  })

  test('says only what HTTP says: 429 and 503 may be asked again, 4xx else may not', () => {
    for (const code of codes) {
      const { status, retryable } = ERRORS[code]
      if (status === 429 || status === 503) expect(retryable, code).toBe(true)
      else if (status >= 400 && status < 500) expect(retryable, code).toBe(false)
    }
  })

  test('every code that is raised is in it, and every source file raises by it', () => {
    const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((file) => /(?<!\.test)\.ts$/.test(file))
    const raised = sources.flatMap((file) => {
      const source = readFileSync(path.join(import.meta.dirname, file), 'utf8')
      return [...source.matchAll(/new CallError\(\s*'([A-Z_]+)'/g)].map(([, code]) => code)
    })
    expect(raised.length).toBeGreaterThan(20)
    expect(raised.filter((code) => !codes.includes(code as ErrorCode))).toEqual([])
  })

  test("finds the specification's codes by number and status", () => {
    expect(specificationCode(-32020, 400)).toBe('HEADER_MISMATCH')
    expect(specificationCode(-32022, 400)).toBe('PROTOCOL_VERSION')
    expect(specificationCode(-1, 400)).toBe('INVALID_REQUEST')
  })
})

describe('guidance', () => {
  test.each([
    [1, '1', 1],
    [340.2, '1', 341],
    [1_000, '1', 1_000],
    [1_001, '2', 1_001],
    [undefined, '1', 1_000],
  ])('a wait of %s ms is Retry-After %s and %s ms', (retryAfterMs, header, ms) => {
    const error = new CallError('QUEUE_FULL', 'x', retryAfterMs === undefined ? {} : { retryAfterMs })
    expect(retryGuidance(error)).toEqual({ headers: { 'retry-after': header }, data: { retryAfterMs: ms } })
  })

  test('is not given where asking again does not help', () => {
    expect(retryGuidance(new CallError('DENIED', 'x'))).toEqual({ headers: {}, data: {} })
  })

  test.each(codes.filter((code) => [429, 503].includes(ERRORS[code].status)))('%s always has it', (code) => {
    const { headers, body } = refusal({ id: 7, requestId: 'r' }, new CallError(code, 'x'), retryGuidance)
    const { id, error } = JSON.parse(body) as { id: number; error: { data: { retryAfterMs: number } } }
    expect([id, headers['retry-after'], error.data.retryAfterMs]).toEqual([7, '1', 1_000])
  })
})

describe('answers', () => {
  const identity = {
    tenant: 't',
    agent: 'a',
    keyId: 'k',
    scopes: new Set<string>(),
    errorSurface: 'http' as const,
    tier: 'paid' as const,
    priority: 'normal' as const,
  }
  const to = { id: 'c', requestId: 'r', method: 'tools/call', era: 'modern' as const, identity, answerHeaders: { ratelimit: 'x' } }

  test('a refusal is an HTTP status and a JSON-RPC error with the same id', () => {
    const answer = refusal(
      to,
      new CallError('RATE_LIMITED', 'Wait.', { retryAfterMs: 2_500, scope: 'agent', limit: 60, windowMs: 60_000 }),
      retryGuidance,
    )
    expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': '3', ratelimit: 'x', 'content-type': 'application/json' } })
    expect(JSON.parse(answer.body)).toEqual({
      jsonrpc: '2.0',
      id: 'c',
      error: {
        code: 42901,
        message: 'Wait.',
        data: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 2_500, scope: 'agent', limit: 60, windowMs: 60_000, requestId: 'r' },
      },
    })
  })

  test('is a tool result for an agent that wants it so, and for what happens to a tool', () => {
    const surface = { ...to, identity: { ...identity, errorSurface: 'tool' as const } }
    for (const [addressee, code] of [
      [surface, 'RATE_LIMITED'],
      [to, 'TOOL_TIMEOUT'],
    ] as const) {
      const answer = refusal(addressee, new CallError(code, 'x'), retryGuidance)
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body).result).toMatchObject({ isError: true, resultType: 'complete', structuredContent: { code } })
    }
    const legacy = refusal({ ...to, era: 'legacy' }, new CallError('TOOL_TIMEOUT', 'x'), retryGuidance)
    expect(JSON.parse(legacy.body).result).not.toHaveProperty('resultType')
  })

  test.each([
    ['INVALID_ARGUMENTS', 400],
    ['TOOL_TIMEOUT', 500],
  ] as const)('%s where there can be no result has status %s, and is no mistake of ours unless it is', (code, status) => {
    expect(refusal({ ...to, id: null }, new CallError(code, 'x'), retryGuidance).status).toBe(status)
    expect(refusal({ ...to, method: 'resources/read' }, new CallError(code, 'x'), retryGuidance).status).toBe(status)
  })

  test('nothing unforeseen is told', () => {
    const error = asCallError(new Error('relation "secret" does not exist'))
    expect(error.code).toBe('INTERNAL')
    expect(JSON.stringify(toolError(error, 'r', retryGuidance))).not.toContain('secret')
    expect(JSON.parse(refusal({ id: null, requestId: 'r' }, error, retryGuidance).body).id).toBeNull()
  })
})
