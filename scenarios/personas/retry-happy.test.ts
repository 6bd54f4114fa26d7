import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { retryHappy } from './retry-happy.ts'

const definition = retryHappy.definition as unknown as PersonaDefinition
/** One call a task, a task a minute, nothing but the framework. */
const alone = { everyMs: 60_000, turnsFrom: 1, turnsTo: 1, fanOutShare: 0, jitterShare: 0, modelTries: 0 }
const failing = () => ({ afterMs: 10, status: 503 })

async function gaps(parameters: Record<string, number | string>, reply: (n: number) => object = failing) {
  const { engine } = await rehearse(definition, {
    endsAtMs: 600_000,
    parameters: { ...alone, ...parameters },
    reply: (n) => ({ afterMs: 10, ...reply(n) }),
  })
  const [first] = engine.sends
  const own = engine.sends.filter(({ task }) => task === first?.task)
  return own.slice(1).map(({ sentAtMs }, n) => sentAtMs - (own[n]?.sentAtMs ?? 0) - 10)
}

test('the framework waits longer each time, up to its longest wait', async () => {
  expect(await gaps({ tries: 5, backoffMs: 1_000, factor: 2 })).toEqual([1_000, 2_000, 4_000, 8_000])
  expect(await gaps({ tries: 5, backoffMs: 1_000, factor: 2, backoffMaxMs: 3_000 })).toEqual([1_000, 2_000, 3_000, 3_000])
})

test('jitter goes both ways, never further than its share', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 3_000_000,
    parameters: { ...alone, tries: 2, jitterShare: 0.25 },
    reply: failing,
  })
  const waits = engine.sends
    .filter(({ attempt }) => attempt === 2)
    .map(({ plannedAtMs }, n) => plannedAtMs - (engine.ends[2 * n]?.endedAtMs ?? 0))
  expect(waits.length).toBeGreaterThan(20)
  for (const wait of waits) expect(wait >= 750 && wait <= 1_250).toBe(true)
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(300)
})

test.each<[string, object, number]>([
  ['nothing', { status: 503 }, 0],
  ['server-errors', { status: 503 }, 1],
  ['server-errors', { transport: 'reset' }, 1],
  ['server-errors', { status: 429 }, 0],
  ['failures', { status: 429 }, 1],
  ['failures', { message: { result: { content: [], isError: true } } }, 1],
  ['failures', {}, 0],
])('%s is asked again after %j: %s times', async (retryOn, reply, times) => {
  expect(await gaps({ tries: 2, retryOn }, () => reply)).toHaveLength(times)
})

test('the tries of framework and model multiply, and never pass what was planned for', async () => {
  const { engine, planned } = await rehearse(definition, {
    endsAtMs: 2_000_000,
    parameters: { ...alone, modelTries: 5, sessions: 'per-call' },
    reply: (_, { body }) => (body.includes('tools/call') ? { afterMs: 10, status: 503 } : { afterMs: 1 }),
  })
  const tasks = [...Map.groupBy(engine.sends, ({ task }) => task).values()]
  const whole = tasks.slice(0, -1).map((sends) => sends.filter(({ role }) => role !== 'handshake').length)
  const mean = whole.reduce((sum, n) => sum + n, 0) / whole.length
  expect(mean).toBeGreaterThan(8)
  expect(mean).toBeLessThan(15)
  expect(Math.max(...whole)).toBe(18)
  for (const sends of tasks) expect(sends.length).toBeLessThanOrEqual(planned.tasks[0]?.callsMax ?? 0)
  // Before each call it looks around; every attempt names the one before.
  expect(engine.sends.filter(({ role }) => role === 'handshake')).toHaveLength(
    2 * engine.sends.filter(({ role }) => role === 'write').length,
  )
  for (const { attempt, parent, role } of engine.sends) if (role === 'write') expect(parent === undefined).toBe(attempt === 1)
})

test('a session that does not open is a call that failed: it is tried again, and the call keeps its first attempt', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 50_000,
    parameters: { ...alone, sessions: 'per-call' },
    reply: (n) => ({ afterMs: 10, ...(n < 2 && { status: 503 }) }),
  })
  expect(engine.sends.slice(0, 5).map(({ tool, attempt }) => [tool, attempt])).toEqual([
    ['server/discover', 1],
    ['server/discover', 1],
    ['server/discover', 1],
    ['tools/list', 1],
    ['make', 1],
  ])
})

test('calls of a turn leave at once, or one after the other', async () => {
  const sent = async (together: string) => {
    const parameters = { ...alone, fanOutShare: 1, fanOutFrom: 4, fanOutTo: 4, together }
    const { engine } = await rehearse(definition, { endsAtMs: 60_000, parameters })
    const own = engine.sends.filter(({ task }) => task === 't1')
    return own.map(({ sentAtMs }) => sentAtMs - (own[0]?.sentAtMs ?? 0))
  }
  expect(await sent('at-once')).toEqual([0, 0, 0, 0])
  expect(await sent('one-by-one')).toEqual([0, 10, 20, 30])
})
