import { expect, test } from 'vitest'
import { rehearse } from '../../harness/load/fixtures/rehearsal.ts'
import type { PersonaDefinition } from '../../harness/persona.ts'
import { lister } from './lister.ts'

const definition = lister.definition as unknown as PersonaDefinition
const leadsTo = [{ at: '/structuredContent/folders', argument: 'path' }]

/** Every folder has three, down to a depth. */
function tree(depth: number, afterMs = 10) {
  return (_n: number, { body }: { body: string }) => {
    const { path = '/' } = JSON.parse(body).params.arguments as { path?: string }
    const folders = path.split('/').length - 1 > depth ? [] : ['a', 'b', 'c'].map((name) => `${path}${name}/`)
    return { afterMs, message: { result: { content: [], structuredContent: { folders } } } }
  }
}

const walk = (parameters: Record<string, number>, reply = tree(2)) =>
  rehearse(definition, { endsAtMs: 20_000, parameters: { everyMs: 20_000, ...parameters }, reply, leadsTo })

test('it lists what the answers lead to, level by level', async () => {
  const { engine } = await walk({})
  const paths = engine.requests.map(({ body }) => (JSON.parse(body).params.arguments as { path?: string }).path ?? '/')
  expect(paths).toHaveLength(1 + 3 + 9)
  expect(new Set(paths).size).toBe(13)
  expect(engine.sends.map(({ turn }) => turn)).toEqual([1, 2, 2, 2, ...new Array(9).fill(3)])
  expect(engine.sends.every(({ attempt, parent }) => attempt === 1 && parent === undefined)).toBe(true)
})

test('so many at once, and no more', async () => {
  const { engine } = await walk({ atOnce: 2 })
  const together = Map.groupBy(engine.sends, ({ sentAtMs }) => sentAtMs)
  expect(Math.max(...[...together.values()].map((sends) => sends.length))).toBe(2)
})

test('it thinks before it goes deeper, and not when there is nothing deeper', async () => {
  const { engine } = await walk({ thinkMs: 700, atOnce: 9 })
  const moments = [...new Set(engine.sends.map(({ sentAtMs }) => sentAtMs))]
  expect(moments.map((atMs) => atMs - (moments[0] ?? 0))).toEqual([0, 710, 1_420])
})

test('an endless tree ends: at its calls, or at its depth', async () => {
  expect((await walk({ callsMax: 50, depthMax: 50 }, tree(1_000))).engine.sends).toHaveLength(50)
  expect((await walk({ callsMax: 10_000, depthMax: 4 }, tree(1_000))).engine.sends).toHaveLength(1 + 3 + 9 + 27)
  expect((await walk({})).planned.tasks[0]?.callsMax).toBe(50)
})

test('where nothing can be read it stops', async () => {
  const { engine } = await rehearse(definition, {
    endsAtMs: 20_000,
    parameters: { everyMs: 20_000 },
    reply: () => ({ afterMs: 5, status: 429 }),
    leadsTo,
  })
  expect(engine.sends).toHaveLength(1)
})
