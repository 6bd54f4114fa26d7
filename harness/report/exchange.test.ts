import { describe, expect, it } from 'vitest'
import type { Call } from '../history/event.ts'
import type { History } from '../history/history.ts'
import type { PlannedCall } from '../plan/plan.ts'
import { exampleHistory } from './example/history.ts'
import { answerOf, attemptsOf, sentRequest } from './exchange.ts'

const base = exampleHistory()
const [example] = base.calls
if (!example) throw new Error('the example has calls')
const planned = (more: Partial<PlannedCall>): PlannedCall => ({ turn: 1, role: 'cheapRead', arguments: {}, thinkMs: 0, ...more })
const call = (number: number, more: Partial<Call> = {}): Call => ({
  ...example,
  call: `r7-steady-01-t1-${number}`,
  agent: 'steady-01',
  task: 't1',
  ...more,
})

function withTask(calls: PlannedCall[], keyed = false): History {
  const place = keyed ? { idempotencyKey: { argument: 'request_id' } } : {}
  const role = { tool: 'list_tables', sloMs: 1_000, needs: [], correct: [], ...place }
  const agents = base.plan.agents.map((agent) =>
    agent.agent === 'steady-01' ? { ...agent, tasks: [{ task: 't1', atMs: 0, calls }] } : agent,
  )
  return { ...base, plan: { ...base.plan, agents, roles: { cheapRead: role } } }
}

function argumentsOf(history: History, one: Call, task: Call[]): unknown {
  return (sentRequest(history, one, task).body.params as { arguments?: unknown }).arguments
}

describe('a request put together again', () => {
  it('takes a retry’s arguments from the first attempt, and its key from the line', () => {
    const history = withTask([planned({ arguments: { a: 1 }, key: 'w1' })], true)
    const first = call(1, { key: 'r7.w1' })
    const again = call(2, { key: 'r7.w1', attempt: 2, parent: first.call })
    expect(argumentsOf(history, again, [first, again])).toEqual({ a: 1, request_id: 'r7.w1' })
    expect(attemptsOf(again, [first, again])).toEqual([first, again])
    expect(sentRequest(history, again, [first, again]).headers).toContainEqual(['X-Request-Id', again.call])
  })

  it('tells calls of one turn apart by their place, round and round in a loop', () => {
    const history = withTask([planned({ arguments: { n: 0 } }), planned({ arguments: { n: 1 } })])
    const task = [1, 2, 3, 4].map((number) => call(number))
    expect(task.map((one) => argumentsOf(history, one, task))).toEqual([{ n: 0 }, { n: 1 }, { n: 0 }, { n: 1 }])
  })

  it('says what it does not know instead of guessing', () => {
    const history = withTask([planned({ arguments: { a: 1 } })])
    const altered = call(1, { altered: true })
    expect(sentRequest(history, altered, [altered])).toMatchObject({ lacking: expect.stringContaining('other arguments') })
    const led = call(2, { turn: 7 })
    expect(argumentsOf(history, led, [led])).toBeUndefined()
    expect(sentRequest(history, led, [led]).lacking).toContain('an earlier answer')
  })

  it('ends where attempts name each other as the one before', () => {
    const [a, b] = [call(1, { parent: 'r7-steady-01-t1-2' }), call(2, { parent: 'r7-steady-01-t1-1' })]
    expect(attemptsOf(a, [a, b]).length).toBeLessThanOrEqual(3)
  })
})

describe('an answer', () => {
  it('is told by its layer', () => {
    const data = { code: 'RATE_LIMITED', retryAfterMs: 900 }
    const refused = answerOf(call(1, { evidence: { status: 429, retryAfter: '1', rpcCode: -32_029, message: 'wait', data } }))
    expect(refused.head).toEqual(['HTTP 429', 'Retry-After: 1'])
    expect(refused.body).toMatchObject({ error: { code: -32_029, message: 'wait', data } })
    expect(answerOf(call(1, { evidence: { status: 200, isError: true, message: 'no', data } })).body).toMatchObject({
      result: { isError: true },
    })
    expect(answerOf(call(1, { evidence: { status: 0, transport: 'reset', transportText: 'ECONNRESET' } })).head).toEqual([
      'no answer: reset',
      'ECONNRESET',
    ])
    expect(answerOf(call(1, { evidence: { status: 502, parsed: false } })).unrecorded).toContain('no JSON-RPC')
  })
})
