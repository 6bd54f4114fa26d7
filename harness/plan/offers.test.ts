import { expect, test } from 'vitest'
import { target } from '../target.ts'
import { offersOf } from './offers.ts'
import type { Plan } from './plan.ts'

const plan = {
  roles: { write: { tool: 'make', sloMs: 1, deadlineMs: 2_000, needs: ['postgres:orders', 'ledger'], correct: [], tenants: [] } },
  agents: [{ tasks: [{ calls: [{ arguments: { id: 7 } }, { arguments: { memo: 'from sk_live_0123456789abcdef01234567' } }] }] }],
} as unknown as Plan

test('a bare address offers its answers; everything else names the line to add', () => {
  const offers = offersOf(
    target({ url: 'http://127.0.0.1:1/mcp' }),
    {
      roles: { cheapRead: { tool: 'x', sloMs: 1, needs: [], correct: [] } },
      agents: [{ tasks: [{ calls: [{ arguments: {} }] }] }],
    } as unknown as Plan,
    {},
    {},
  )
  const { responses, 'link:server': server, ...others } = offers
  expect([responses, server]).toEqual([true, true])
  for (const [name, line] of Object.entries(others)) expect(line, name).toMatch(/^\w+: /)
  expect(offers.deadlines).toBe('tools: { cheapRead: { deadlineMs: 10_000 } }')
  expect(offers['observe.metrics.poolUsed']).toBe(`observe: { metrics: { url: 'http://…/metrics', poolUsed: 'db_pool{state="used"}' } }`)
})

test('what a target says is offered', () => {
  const whole = target({
    url: 'http://127.0.0.1:1/mcp',
    agents: { priority: () => 'critical', credentials: { expired: () => ({}) } },
    tools: { write: { name: 'make', effects: { sql: 'select 1' } } },
    start: { command: 'npm start', ready: '/health' },
    dependencies: { postgres: 'embedded', redis: 'embedded', upstream: { address: 'x:1' }, ledger: { address: 'x:2' } },
  })
  const offers = offersOf(
    whole,
    { ...plan, afterMs: 5_000 },
    {
      perAgent: { ratePerMinute: 60, burst: 10 },
      poolMax: 4,
      queueMax: 8,
      breakerOpenMs: 30_000,
      breakerProbes: 1,
      outputMaxBytes: 1_000_000,
    },
    {
      probes: { live: 'http://127.0.0.1:1/livez' },
      metrics: { url: 'x', poolUsed: 'a', poolWaiting: 'b', poolWaitingMax: 'c', breakerOpen: 'd', loopDelaySecondsP99: 'e' },
      postgres: { role: 'app' },
      logs: { requestId: 'request_id' },
      spans: {},
      alerts: { rules: 'alerts.yml' },
    },
  )
  expect(Object.entries(offers).filter(([, offer]) => offer !== true)).toEqual([])
  expect(Object.keys(offers)).toEqual(expect.arrayContaining(['link:postgres', 'link:redis', 'link:ledger', 'link:server']))
})

test('what cannot be reached is not offered, however much is said of it: the line to add says what is missing', () => {
  const theirs = target({
    url: 'http://127.0.0.1:1/mcp',
    tools: { write: { name: 'make', effects: { sql: 'select 1' } } },
    dependencies: { postgres: { address: 'x:1' } },
  })
  const observe = { postgres: { role: 'app' }, logs: { requestId: 'request_id' } }
  const offers = offersOf(theirs, plan, {}, observe)
  expect(offers['observe.postgres']).toContain('urlFrom')
  expect(offers.effects).toContain('urlFrom')
  expect(offers.logs).toContain("file: 'server.log'")
  expect(offers.spans).toContain('port: 4318')

  const reached = offersOf(
    theirs,
    plan,
    {},
    { postgres: { role: 'app', urlFrom: 'PG_URL' }, logs: { file: 'x.log', requestId: 'id' }, spans: { port: 4_318 } },
  )
  expect([reached['observe.postgres'], reached.effects, reached.logs, reached.spans]).toEqual([true, true, true, true])
})

test('a dependency that a role needs and the target does not name can be added; TLS keeps the proxy out', () => {
  const offers = offersOf(target({ url: 'https://example.com/mcp' }), plan, {}, { metrics: { url: 'x' } })
  expect(offers['link:ledger']).toBe("dependencies: { ledger: { address: 'localhost:…' } }")
  expect(offers['link:server']).toContain('TLS')
  expect(offers['observe.metrics.breakerOpen']).toBe("observe: { metrics: { breakerOpen: 'breaker_state==1' } }")
  expect(offers.effects).toContain('effects')
})
