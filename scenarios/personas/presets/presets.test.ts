// Each preset does what its stack is said to do, on the clock of the test. What the real clients do: presets.integration.test.ts.
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { discover } from '../../../harness/discover.ts'
import { rehearse } from '../../../harness/load/fixtures/rehearsal.ts'
import { resolve } from '../../../harness/parameters.ts'
import type { PersonaDefinition } from '../../../harness/persona.ts'

const presets = await discover<PersonaDefinition>('persona', path.resolve(import.meta.dirname))
const alone = { everyMs: 300_000, turnsFrom: 1, turnsTo: 1, fanOutShare: 0, modelTries: 0 }

/** Waits between the tries of one call that always ends like this, ms. */
async function waits(id: string, ending: object): Promise<number[]> {
  const { engine } = await rehearse(presets.get(id).value, {
    endsAtMs: 2_000_000,
    parameters: { ...alone, jitterShare: 0, sessions: 'kept' },
    reply: () => ({ afterMs: 10, ...ending }),
  })
  const [first] = engine.sends
  const own = engine.sends.filter(({ task }) => task === first?.task)
  const ends = new Map(engine.ends.map(({ call, endedAtMs }) => [call, endedAtMs]))
  return own.slice(1).map(({ sentAtMs }, n) => Math.round(sentAtMs - (ends.get(own[n]?.call ?? '') ?? 0)))
}

const toolError = { message: { result: { content: [], isError: true } } }
const refused = { status: 429, headers: { 'retry-after': '7' } }

test.each<[string, number[], number[], number[], number[]]>([
  // preset, after 429 with Retry-After 7, after 503, after a reset, after a tool error
  ['langchain', [1_000, 2_000], [1_000, 2_000], [1_000, 2_000], [1_000, 2_000]],
  ['langgraph', [], [500, 1_000], [500, 1_000], []],
  ['openai-agents', [1_000, 2_000], [1_000, 2_000], [1_000, 2_000], [1_000, 2_000]],
  ['vercel-ai', [], [2_000, 4_000], [2_000, 4_000], []],
  ['claude-code', [], [], [], []],
  ['codex', [], [], [], []],
])('%s: its own retries', async (id, after429, after503, afterReset, afterToolError) => {
  expect(await waits(id, refused)).toEqual(after429)
  expect(await waits(id, { status: 503 })).toEqual(after503)
  expect(await waits(id, { transport: 'reset' })).toEqual(afterReset)
  expect(await waits(id, toolError)).toEqual(afterToolError)
})

test.each([
  ['langchain', 30_000, 6_000],
  ['langgraph', 30_000, 6_000],
  ['openai-agents', 5_000, 5_000],
  ['vercel-ai', 60_000, 6_000],
  ['claude-code', 0, 0],
  ['codex', 300_000, 6_000],
])('%s: its timeout, and within the window at quick scale', (id, full, quick) => {
  const { parameters } = presets.get(id).value
  const at = (scale: 'full' | 'quick') => (resolve(id, parameters, {}, scale) as { timeoutMs: number }).timeoutMs
  expect([at('full'), at('quick')]).toEqual([full, quick])
})

describe('habits', () => {
  test('LangChain begins a session for each call; eleven calls for one intent are in reach', async () => {
    const { engine } = await rehearse(presets.get('langchain').value, {
      endsAtMs: 3_000_000,
      parameters: { ...alone, modelTries: 5 },
      reply: (_, { body }) => (body.includes('tools/call') ? { afterMs: 10, status: 503 } : { afterMs: 1 }),
    })
    const tasks = [...Map.groupBy(engine.sends, ({ task }) => task).values()]
    const calls = tasks.map((sends) => sends.filter(({ role }) => role !== 'handshake').length)
    expect(Math.max(...calls)).toBeGreaterThanOrEqual(11)
    for (const sends of tasks) expect(sends[0]?.role).toBe('handshake')
  })

  test('OpenAI asks one by one and ends at ten turns; Claude Code asks ten at once', async () => {
    const sizes = async (id: string, parameters: object) => {
      const { engine } = await rehearse(presets.get(id).value, { endsAtMs: 600_000, parameters: { everyMs: 30_000, ...parameters } })
      const moments = [...Map.groupBy(engine.sends, ({ task, sentAtMs }) => `${task} ${sentAtMs}`).values()]
      return { atOnce: Math.max(...moments.map((sends) => sends.length)), turns: Math.max(...engine.sends.map(({ turn }) => turn)) }
    }
    expect(await sizes('openai-agents', { fanOutShare: 1 })).toEqual({ atOnce: 1, turns: 10 })
    expect((await sizes('claude-code', { fanOutShare: 1 })).atOnce).toBe(10)
  })

  test('presets differ from their script, and from each other', () => {
    const seen = presets.all.map(({ value }) => JSON.stringify(value.parameters))
    expect(new Set(seen).size).toBe(6)
  })
})
