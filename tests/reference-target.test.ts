// The reference target and the reference server agree, though neither may import the other.
import { expect, test } from 'vitest'
import { createDraw } from '../harness/plan/draw.ts'
import type { Declared, Observe, TargetContext } from '../harness/target.ts'
import { ADMIN_CONNECTIONS, connectionsMax, settingsFrom } from '../reference-server/config.ts'
import { ERRORS } from '../reference-server/errors.ts'
import { createMetrics } from '../reference-server/metrics.ts'
import { TOOLS } from '../reference-server/parts.ts'
import reference from '../scenarios/targets/reference.ts'

const context = (more: Partial<TargetContext> = {}): TargetContext => ({
  at: { postgres: '127.0.0.1:5432', redis: '127.0.0.1:6379' },
  given: {},
  collector: 'http://127.0.0.1:4318',
  ports: { server: 1234, admin: 1235 },
  instance: 1,
  instances: 1,
  scale: 'quick',
  settings: {},
  agents: [0, 1].map((index) => ({ index, agent: `steady-0${index}`, tenant: `t${index}` })),
  ...more,
})
const settingsOf = (more?: Partial<TargetContext>) => settingsFrom(reference.start?.env?.(context(more)) ?? {})
const declaredOf = (more?: Partial<TargetContext>) => (reference.declared as (of: TargetContext) => Declared)(context(more))

test('gives settings that the server accepts, and declares what they come to', () => {
  expect(declaredOf().poolMax).toBe(connectionsMax(settingsOf()))
  const settings = {
    agentRatePerMinute: 240,
    agentBurst: 20,
    agentConcurrency: 4,
    agentToolRatePerMinute: 120,
    agentToolBurst: 9,
    poolMax: 3,
  }
  const more = {
    ...settings,
    queueMax: 8,
    acquireTimeoutMs: 400,
    deadlineMs: 2_500,
    breakerFailures: 7,
    breakerFailingMs: 900,
    breakerOpenMs: 700,
  }
  expect(settingsOf({ settings: more, weaken: 'no-breaker' })).toMatchObject({
    PORT: 1234,
    ADMIN_PORT: 1235,
    WEAKNESS: 'no-breaker',
    INSTANCE: 'server-1',
    AGENT_RATE_PER_MINUTE: 240,
    AGENT_TOOL_BURST: 9,
    POOL_CHEAP: 3,
    POOL_EXPENSIVE: 3,
    POOL_WRITE: 3,
    DEADLINE_LONGEST_MS: 2_500,
    BREAKER_FAILURES: 7,
    BREAKER_FAILING_MS: 900,
  })
  const ofOneTool = { ratePerMinute: 120, burst: 9 }
  expect(declaredOf({ settings: more })).toEqual({
    perAgent: { ratePerMinute: 240, burst: 20 },
    perAgentTool: { expensiveRead: ofOneTool, slow: ofOneTool, large: ofOneTool },
    concurrentCalls: 4,
    poolMax: 3 * 3 + ADMIN_CONNECTIONS,
    queueMax: 8,
    acquireTimeoutMs: 400,
    instances: 1,
    breakerOpenMs: 700,
    breakerProbes: 1,
    outputMaxBytes: 700_000,
    errorCodes: Object.keys(ERRORS),
  })
})

test("each agent's header is a key that the server is told of", async () => {
  const seeds = settingsOf().SEED_AGENTS
  for (const identity of context().agents) {
    const headers = await reference.agents?.headers?.(identity, context())
    const seed = seeds.find(({ agent }) => agent === identity.agent)
    expect(headers).toEqual({ authorization: `Bearer mcp_${seed?.keyId}_${seed?.secret}` })
    expect(seed?.tenant).toBe(identity.tenant)
  }
})

test('its roles are tools of the server, with their deadlines, and arguments that their schemas take', () => {
  const roles = Object.values(reference.tools ?? {})
  expect(roles).toHaveLength(9)
  for (const role of roles) {
    const tool = TOOLS.find(({ name }) => name === role.name)
    // Redis is the server's own need, for every tool.
    expect(tool?.needs, role.name).toEqual(expect.arrayContaining((role.needs ?? []).filter((need) => need !== 'redis')))
    expect(reference.start?.env?.(context()).SEED_AGENTS).toContain(tool?.scopes[0] ?? '')
    expect([role.name, role.deadlineMs, role.sloMs]).toEqual([tool?.name, tool?.deadlineMs, tool?.sloMs])
    for (let seed = 0; seed < 50; seed++) expect(() => tool?.input.parse(role.arguments?.(createDraw(seed)))).not.toThrow()
  }
})

test('observes series that the server has', async () => {
  const { metrics } = (reference.observe as (of: TargetContext) => Observe)(context())
  const { url, ...selectors } = metrics ?? { url: '' }
  expect(url).toBe('http://127.0.0.1:1235/metrics')
  const pool = { name: 'cheap', used: 1, idle: 0, waiting: 0, waitingMax: 0 }
  const shown = createMetrics({
    pools: () => [pool],
    inFlight: () => 0,
    leases: async () => 0,
    loop: () => ({ delayMs: 0, utilisation: 0 }),
  })
  shown.breakerStarts('postgres')
  const text = await shown.registry.metrics()
  for (const selector of Object.values(selectors)) {
    const { name, labels } = /^(?<name>\w+)(\{(?<labels>[^}]*)\})?/.exec(selector)?.groups ?? {}
    expect(text.split('\n').some((line) => line.startsWith(name ?? '?') && line.includes(labels ?? ''))).toBe(true)
  }
})
