import { describe, expect, it } from 'vitest'
import { gaveUp, served, toolError } from '../../../tests/fixtures/histories/answers.ts'
import { aRun } from '../../../tests/fixtures/histories/build.ts'
import { agentSpanOf } from '../../history/spans.ts'
import { whereTimeWent } from './stages.ts'

const slow = (answer = served(4_000)) =>
  aRun().agent('a').call({ of: 'a', atMs: 11_000, answer }).call({ of: 'a', atMs: 11_500, answer }).history()

const logged = (history: ReturnType<typeof slow>, fields: Record<string, number>) =>
  new Map(history.calls.map(({ call }) => [call, [{ where: 'server-1.log:1', text: JSON.stringify({ duration_ms: 4_000, ...fields }) }]]))

describe('where the time went', () => {
  it('names the stage that took most of it, whatever the server calls it', () => {
    const history = slow()
    const text = whereTimeWent(history, history.calls, logged(history, { doorMs: 3_800, db_ms: 20, retryAfterMs: 3_900 }))
    expect(text).toMatch(/^95 % of the time of 2 such calls was `doorMs`/)
  })

  it('says that no stage took it, and what it follows', () => {
    const history = slow(gaveUp(4_000))
    const [call] = history.calls
    if (!call) throw new Error('no call')
    const span = (span: string, parent: string, name: string, atMs: number, endedAtMs: number) =>
      ({ kind: 'span', atMs, endedAtMs, trace: call.trace, span, parent, name, role: 'client', attributes: {} }) as const
    const root = agentSpanOf(call) ?? ''
    const spans = [
      span('s', root, 'tools/call x', call.sentAtMs, call.sentAtMs + 4_000),
      span('t', 's', 'GET rates', call.sentAtMs + 5, call.sentAtMs + 10),
    ]
    const text = whereTimeWent({ ...history, spans }, history.calls, logged(history, { db_ms: 10 }))
    expect(text).toMatch(/^99\.\d % of the time of 2 such calls lies in no stage/)
    expect(text).toContain('it follows `GET rates`, which ended at 10 ms of 4,000 ms')
  })

  it('says nothing of calls that were quick or turned away, of one alone, nor without stages', () => {
    for (const history of [slow(served(300)), slow(toolError('QUEUE_FULL', 4_000))])
      expect(whereTimeWent(history, history.calls, logged(history, { db_ms: 290 }))).toBeUndefined()
    const history = slow()
    expect(whereTimeWent(history, history.calls.slice(0, 1), logged(history, { db_ms: 3_900 }))).toBeUndefined()
    expect(whereTimeWent(history, history.calls, new Map())).toBeUndefined()
    expect(whereTimeWent(history, history.calls, logged(history, { db_ms: 2_000 }))).toBeUndefined()
  })
})
